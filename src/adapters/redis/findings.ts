/** Looks whether Redis is set up so that stock is safe in it. */
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import { clockFinding, unreachable } from "../shared/service-findings.ts";
import type { RedisConnection, Reply } from "./connection.ts";

const least = [6, 2] as const;

export async function redisFindings(redis: RedisConnection): Promise<Finding[]> {
  try {
    const asked = Date.now();
    const [[time], infos] = [
      await redis.onEveryMaster("time", []),
      await redis.onEveryMaster("info", []),
    ];
    const info = infoOf(String(infos[0]));
    const [seconds, micros] = (time as readonly Reply[]).map(Number);
    return [
      version(info),
      fine("redis nodes", `${infos.length} master${infos.length === 1 ? "" : "s"}`),
      eviction(infos.map((text) => infoOf(String(text)))),
      persistence(info),
      await fsyncing(redis),
      await replicas(redis, info),
      clockFinding("redis clock", asked, (seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000),
    ];
  } catch (reason) {
    return [unreachable("redis", reason, "Start it, or mend redis.url.")];
  }
}

function version(info: ReadonlyMap<string, string>): Finding {
  const text = info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = text.split(".").map(Number);
  const recent = major > least[0] || (major === least[0] && minor >= least[1]);
  if (recent) return fine("redis version", text);
  return failing("redis version", text, `Use ${least.join(".")} or newer.`);
}

/** A key that is evicted is stock that is forgotten. */
function eviction(infos: readonly ReadonlyMap<string, string>[]): Finding {
  const policies = new Set(infos.map((info) => info.get("maxmemory_policy") ?? "unknown"));
  const detail = [...policies].join(", ");
  if (detail === "noeviction") return fine("redis eviction", detail);
  return failing(
    "redis eviction",
    detail,
    "Set maxmemory-policy noeviction: stock must not vanish.",
  );
}

function persistence(info: ReadonlyMap<string, string>): Finding {
  if (info.get("aof_enabled") === "1") return fine("redis persistence", "append-only file");
  const help = "Set appendonly yes. Without it every restart needs `doorbuster sale rebuild`.";
  return warning("redis persistence", "no append-only file", help);
}

async function fsyncing(redis: RedisConnection): Promise<Finding> {
  const value = await setting(redis, "appendfsync");
  if (value === null) return warning("redis fsync", "CONFIG is not allowed", "Look by hand.");
  if (value !== "no") return fine("redis fsync", `appendfsync ${value}`);
  return warning("redis fsync", "appendfsync no", "Set appendfsync everysec.");
}

async function replicas(
  redis: RedisConnection,
  info: ReadonlyMap<string, string>,
): Promise<Finding> {
  const connected = Number(info.get("connected_slaves") ?? 0);
  const required = Number((await setting(redis, "min-replicas-to-write")) ?? 0);
  const detail = `${connected} connected, min-replicas-to-write ${required}`;
  if (required > 0) return fine("redis replicas", detail);
  const help =
    "In production have a replica and set min-replicas-to-write 1, or an old master that is cut " +
    "off may go on selling for a while; the ledger refuses what slips through.";
  return warning("redis replicas", detail, help);
}

async function setting(redis: RedisConnection, name: string): Promise<string | null> {
  try {
    const [pair] = await redis.onEveryMaster("config", ["get", name]);
    const value = (pair as readonly Reply[])[1];
    return value === undefined ? null : String(value);
  } catch {
    return null;
  }
}

function infoOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
}
