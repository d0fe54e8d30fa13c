/** The masters of a cluster, each on a connection of its own, and who has which slot. A command
 * that was redirected was not executed, so it is sent once more, to where it was told; nothing
 * else is ever repeated. The library's own cluster client queues for a node that is not connected
 * and repeats what a broken connection left unanswered, neither of which stock can bear. */
import type { RedisOptions } from "ioredis";
import { type HostPort, hostPort } from "./address.ts";
import { openNode, type RedisNode, type Reply, type Value } from "./node.ts";
import { NotExecuted } from "./refusal.ts";
import { slotCount, slotOf } from "./slot.ts";

export interface RedisCluster {
  send(key: string, words: readonly Value[]): Promise<Reply>;
  masters(): ReadonlyMap<string, RedisNode>;
  failure(): string | null;
  close(): void;
}

/** Who has which slots is asked this often, and whenever a node redirects. */
const lookEveryMs = 1_000;
/** Until it is known for the first time. */
const firstLooksMs = 20;

interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly owner: string;
}

export function openCluster(seeds: readonly HostPort[], options: RedisOptions): RedisCluster {
  const nodes = new Map<string, RedisNode>();
  const seedNames = seeds.map(nameOf);
  let owners: readonly (string | undefined)[] = [];
  let looking = false;
  let closed = false;
  let timer = setTimeout(tick, 0);

  for (const seed of seeds) nodeAt(seed);

  function tick(): void {
    void look().then(() => {
      if (!closed) timer = setTimeout(tick, owners.length === 0 ? firstLooksMs : lookEveryMs);
    });
  }

  function nodeAt({ host, port }: HostPort): RedisNode {
    const name = nameOf({ host, port });
    const known = nodes.get(name);
    if (known !== undefined) return known;
    const node = openNode({ ...options, host, port });
    nodes.set(name, node);
    return node;
  }

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      for (const [name, node] of nodes) {
        const ranges = node.failure() === null ? await slotsAt(name, node) : null;
        if (ranges !== null) return learn(ranges);
      }
    } finally {
      looking = false;
    }
  }

  function learn(ranges: readonly SlotRange[]): void {
    if (closed) return;
    const next = new Array<string | undefined>(slotCount).fill(undefined);
    for (const { first, last, owner } of ranges) next.fill(owner, first, last + 1);
    owners = next;
    const wanted = new Set([...seedNames, ...ranges.map((range) => range.owner)]);
    for (const owner of wanted) nodeAt(hostPort(owner, 0));
    for (const [name, node] of nodes) {
      if (wanted.has(name)) continue;
      nodes.delete(name);
      node.close();
    }
  }

  async function send(key: string, words: readonly Value[]): Promise<Reply> {
    const owner = owners[slotOf(key)];
    const node = owner === undefined ? undefined : nodes.get(owner);
    if (node === undefined) throw new NotExecuted("NOT_SENT", `Redis: ${unserved()}`);
    try {
      return await node.send(words);
    } catch (reason) {
      if (!(reason instanceof NotExecuted)) throw reason;
      if (reason.code !== "MOVED" && reason.code !== "ASK") throw reason;
      return redirected(reason, owner ?? "", words);
    }
  }

  /** The message ends with `MOVED slot host:port`; an empty host is that of who says so. */
  function redirected(reason: NotExecuted, from: string, words: readonly Value[]): Promise<Reply> {
    const [, to = ""] = /(?:MOVED|ASK) \d+ (\S+)/.exec(reason.message) ?? [];
    const { host, port } = hostPort(to, 0);
    const node = nodeAt({ host: host === "" ? hostPort(from, 0).host : host, port });
    if (reason.code === "MOVED") {
      void look();
      return node.send(words);
    }
    // Both are written in this turn of the event loop, so nothing comes between them.
    const asked = node.send(["ASKING"]);
    const answer = node.send(words);
    return asked.then(
      () => answer,
      () => answer,
    );
  }

  function masters(): ReadonlyMap<string, RedisNode> {
    const names = new Set(owners.filter((owner) => owner !== undefined));
    return new Map([...nodes].filter(([name]) => names.has(name)));
  }

  function failure(): string | null {
    if (owners.length === 0 || owners.includes(undefined)) return `Redis: ${unserved()}`;
    for (const node of masters().values()) {
      const why = node.failure();
      if (why !== null) return why;
    }
    return null;
  }

  function unserved(): string {
    return owners.length > 0 ? "some slots of the cluster have no master" : "no cluster found yet";
  }

  function close(): void {
    closed = true;
    clearTimeout(timer);
    for (const node of nodes.values()) node.close();
  }

  return { send, masters, failure, close };
}

/** Null if the node does not know. */
async function slotsAt(name: string, node: RedisNode): Promise<readonly SlotRange[] | null> {
  try {
    const reply = await node.send(["CLUSTER", "SLOTS"]);
    if (!Array.isArray(reply) || reply.length === 0) return null;
    return reply.map((range) => slotRange(range, hostPort(name, 0).host));
  } catch {
    return null;
  }
}

/** first, last, [host, port, …] of the master, then its replicas; no host means the one asked. */
function slotRange(reply: Reply, asked: string): SlotRange {
  const [first, last, master] = Array.isArray(reply) ? reply : [];
  const [host, port] = Array.isArray(master) ? master : [];
  const owner = { host: String(host ?? "") || asked, port: Number(port) };
  return { first: Number(first), last: Number(last), owner: nameOf(owner) };
}

function nameOf({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
