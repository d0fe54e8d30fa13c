/** Which master of a cluster has which slot, asked again and again, with a connection to each. */
import type { RedisOptions } from "ioredis";
import { type HostPort, hostPort } from "./address.ts";
import { openNode, type RedisNode, type Reply } from "./node.ts";
import { slotCount } from "./slot.ts";

export interface Topology {
  /** The address of the master that has a slot, if that is known. */
  owner(slot: number): string | undefined;
  /** The connection to an address, opened if there is none. */
  nodeAt(address: HostPort): RedisNode;
  /** Every master that has slots, by its address. */
  masters(): ReadonlyMap<string, RedisNode>;
  /** Why some slots cannot be found, or null. */
  failure(): string | null;
  /** Asks again, now. */
  look(): void;
  close(): void;
}

const lookEveryMs = 1_000;
/** Until the slots are known for the first time. */
const firstLooksMs = 20;

interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly owner: string;
}

export function openTopology(seeds: readonly HostPort[], options: RedisOptions): Topology {
  const nodes = new Map<string, RedisNode>();
  let owners: readonly (string | undefined)[] = [];
  let looking: Promise<void> | null = null;
  let closed = false;
  let timer = setTimeout(tick, 0);

  for (const seed of seeds) nodeAt(seed);

  function tick(): void {
    void look().then(() => {
      if (!closed) timer = setTimeout(tick, owners.length === 0 ? firstLooksMs : lookEveryMs);
    });
  }

  function look(): Promise<void> {
    looking ??= slotsOf(nodes).then((ranges) => {
      looking = null;
      if (ranges !== null && !closed) learn(ranges);
    });
    return looking;
  }

  function learn(ranges: readonly SlotRange[]): void {
    const next = new Array<string | undefined>(slotCount).fill(undefined);
    for (const { first, last, owner } of ranges) next.fill(owner, first, last + 1);
    owners = next;
    const wanted = new Set([...seeds.map(nameOf), ...ranges.map((range) => range.owner)]);
    for (const owner of wanted) nodeAt(hostPort(owner, 0));
    for (const [name, node] of nodes) {
      if (wanted.has(name)) continue;
      nodes.delete(name);
      node.close();
    }
  }

  function nodeAt(address: HostPort): RedisNode {
    const name = nameOf(address);
    const node = nodes.get(name) ?? openNode({ ...options, ...address });
    nodes.set(name, node);
    return node;
  }

  function masters(): ReadonlyMap<string, RedisNode> {
    const names = new Set(owners);
    return new Map([...nodes].filter(([name]) => names.has(name)));
  }

  function failure(): string | null {
    if (owners.length === 0) return "Redis: no cluster was found yet";
    return owners.includes(undefined) ? "Redis: some slots of the cluster have no master" : null;
  }

  function close(): void {
    closed = true;
    clearTimeout(timer);
    for (const node of nodes.values()) node.close();
  }

  return {
    owner: (slot) => owners[slot],
    nodeAt,
    masters,
    failure,
    look: () => void look(),
    close,
  };
}

/** As the first node says that knows; null if none does. */
async function slotsOf(nodes: ReadonlyMap<string, RedisNode>): Promise<SlotRange[] | null> {
  for (const [name, node] of nodes) {
    if (node.failure() !== null) continue;
    const reply = await node.send(["CLUSTER", "SLOTS"]).catch(() => null);
    if (!Array.isArray(reply) || reply.length === 0) continue;
    return reply.map((range) => slotRange(range, hostPort(name, 0).host));
  }
  return null;
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
