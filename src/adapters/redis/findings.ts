/** What a person should know about the Redis that holds the stock, each with what to do. */
import type { Finding } from "../../lib/finding.ts";
import type { RedisConnection } from "./connection.ts";
import type { RedisNode } from "./node.ts";

/** Without the name of the master that it is about. */
type Found = Omit<Finding, "check">;

/** What one master says of itself. */
interface Facts {
  readonly info: ReadonlyMap<string, string>;
  /** Null if the server does not let us read its settings. */
  readonly config: ReadonlyMap<string, string> | null;
  /** How far its clock is ahead of ours. */
  readonly aheadMs: number;
}

const oldestVersion = [6, 2] as const;
const clockDifferenceMaxMs = 500;

/** A `fail` means that stock must not be sold from it. Rejects if a master does not answer. */
export async function redisFindings(
  connection: Pick<RedisConnection, "masters" | "failure">,
): Promise<readonly Finding[]> {
  const why = connection.failure();
  if (why !== null)
    return [{ check: "redis", ...fail(why, "start Redis, or correct `redis.url`") }];
  const findings: Finding[] = [];
  for (const [name, node] of connection.masters()) {
    const facts = await factsOf(node);
    const found = [version(facts), clock(facts), ...settings(facts), ...replicas(facts)];
    findings.push(...found.map((one) => ({ check: `redis ${name}`, ...one })));
  }
  return findings;
}

async function factsOf(node: Pick<RedisNode, "send">): Promise<Facts> {
  const info = String(await node.send(["INFO"]));
  const before = Date.now();
  const [seconds, micros] = listOfTexts(await node.send(["TIME"])).map(Number);
  const ours = (before + Date.now()) / 2;
  const theirs = (seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000;
  return {
    info: new Map(info.split("\r\n").map((line) => split(line))),
    config: await configOf(node),
    aheadMs: Math.round(theirs - ours),
  };
}

/** Managed servers often forbid it. */
async function configOf(node: Pick<RedisNode, "send">): Promise<Facts["config"]> {
  const flat = await node.send(["CONFIG", "GET", "*"]).catch(() => null);
  if (flat === null) return null;
  const texts = listOfTexts(flat);
  const pairs = new Map<string, string>();
  for (let at = 0; at + 1 < texts.length; at += 2) pairs.set(texts[at] ?? "", texts[at + 1] ?? "");
  return pairs;
}

function version({ info }: Facts): Found {
  const text = info.get("valkey_version") ?? info.get("redis_version") ?? "";
  const [major = 0, minor = 0] = text.split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldestVersion;
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  if (isNew) return ok(`version ${text}`);
  return fail(`version ${text} is too old`, `use ${oldestVersion.join(".")} or newer`);
}

/** A sale opens and closes by the clock of Redis. */
function clock({ aheadMs }: Facts): Found {
  if (Math.abs(aheadMs) <= clockDifferenceMaxMs) return ok("its clock agrees with ours");
  const differs = `its clock differs from ours by ${Math.abs(aheadMs)} ms`;
  return warn(differs, "synchronise the clocks of all machines (NTP)");
}

function settings({ config, info }: Facts): Found[] {
  if (config === null) {
    const advice = "make sure of appendonly yes and maxmemory-policy noeviction yourself";
    return [eviction(info.get("maxmemory_policy")), warn("its settings cannot be read", advice)];
  }
  return [
    eviction(config.get("maxmemory-policy")),
    persistence(config.get("appendonly"), config.get("appendfsync")),
  ];
}

function eviction(policy = "unknown"): Found {
  if (policy === "noeviction") return ok("it evicts nothing");
  return fail(
    `maxmemory-policy ${policy} may evict stock`,
    "set maxmemory-policy noeviction, or use a Redis of its own",
  );
}

/** After a restart stock is loaded anew from the ledger in any case; what the file saves is only
 * the reservations that were not yet in the log. */
function persistence(appendOnly: string | undefined, sync: string | undefined): Found {
  if (appendOnly !== "yes") {
    return warn(
      "it keeps no append-only file: reservations that no process had appended are lost with it",
      "set appendonly yes and appendfsync everysec",
    );
  }
  if (sync === "no") return warn("it never syncs its file", "set appendfsync everysec");
  return ok(`it keeps an append-only file, synced ${sync}`);
}

/** A master that is cut off would go on selling what its successor sells. */
function replicas({ info, config }: Facts): Found[] {
  const count = Number(info.get("connected_slaves") ?? 0);
  if (count === 0) return [];
  const findings: Found[] = [];
  if (Number(config?.get("min-replicas-to-write") ?? 0) === 0) {
    const what = "it has replicas, and sells on when it is cut off from them";
    findings.push(warn(what, "set min-replicas-to-write 1 and min-replicas-max-lag 10"));
  }
  if (Number(config?.get("repl-backlog-ttl") ?? 0) !== 0) {
    const what =
      "it takes a new identity when its replicas are gone for long, and stock is refused";
    findings.push(warn(what, "set repl-backlog-ttl 0"));
  }
  return findings.length > 0 ? findings : [ok(`it has ${count} replicas and needs one to write`)];
}

function listOfTexts(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

function split(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)];
}

function ok(detail: string): Found {
  return { status: "ok", detail, help: null };
}

function warn(detail: string, help: string): Found {
  return { status: "warn", detail, help };
}

function fail(detail: string, help: string): Found {
  return { status: "fail", detail, help };
}
