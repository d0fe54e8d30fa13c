// How each fault is done, and undone.

import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { runToEnd } from "../services/process.ts";
import { signalServer, startServer, stopServer } from "../services/server.ts";
import { suspendServer } from "../support/suspend-server.ts";
import type { FaultKind, PlannedFault, ServiceName } from "./plan.ts";
import { roles, services } from "./plan.ts";
import type { DrillStage } from "./stage.ts";

type Hit = (stage: DrillStage, fault: PlannedFault) => Promise<void>;

/** Breaks something, and mends it; resolves when it is mended. */
export function hit(stage: DrillStage, fault: PlannedFault): Promise<void> {
  return (isService(fault.thing) ? onService : onProcess)[fault.kind](stage, fault);
}

/** The kinds that this machine can do. */
export function possibleKinds(): Set<FaultKind> {
  const all = Object.keys(onService) as FaultKind[];
  return new Set(all.filter((kind) => kind !== "disk-full" || Bun.which("prlimit") !== null));
}

const never: Hit = async (_stage, { kind, thing }) => {
  throw new Error(`nobody knows how to do ${kind} to ${thing}`);
};

const killProcess: Hit = async (stage, { thing, lastsMs }) => {
  const member = stage.member(thing);
  await member.kill();
  await Bun.sleep(lastsMs);
  await member.start();
};

const pauseProcess: Hit = async (stage, { thing, lastsMs }) => {
  const pid = stage.member(thing).pid();
  if (pid === null) return;
  process.kill(pid, "SIGSTOP");
  await Bun.sleep(lastsMs);
  // It may have been killed meanwhile, by what limits a process's start.
  if (stage.member(thing).pid() === pid) process.kill(pid, "SIGCONT");
};

/** Room for less than a record beyond what its log has now: a soft limit of the one process, which
 *  needs no rights and is lifted while it runs. To the process it looks as a full disk does: the
 *  write that does not fit is short, the next one fails. */
const fillDisk: Hit = async (stage, { thing, lastsMs, share }) => {
  const pid = stage.member(thing).pid();
  if (pid === null) return;
  const room = largestLog(join(stage.dataDir, "locks")) + Math.floor(share * recordBytes);
  await limitFiles(pid, String(room));
  await Bun.sleep(lastsMs);
  if (stage.member(thing).pid() === pid) await limitFiles(pid, "unlimited");
};

const recordBytes = 300;

function limitFiles(pid: number, size: string): Promise<void> {
  return runToEnd(["prlimit", "--pid", String(pid), `--fsize=${size}:`]);
}

function largestLog(directory: string): number {
  const logs = readdirSync(directory).map((name) => join(directory, name, "locks.wal"));
  return Math.max(...logs.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0));
}

const serviceOf = (stage: DrillStage, { thing }: PlannedFault) =>
  stage.services.of[thing as ServiceName];

const killService: Hit = async (stage, fault) => {
  const server = serviceOf(stage, fault).server();
  await stopServer(server, "SIGKILL");
  await Bun.sleep(fault.lastsMs);
  await startServer(server);
};

const pauseService: Hit = async (stage, fault) => {
  const server = serviceOf(stage, fault).server();
  suspendServer(server);
  await Bun.sleep(fault.lastsMs);
  signalServer(server, "SIGCONT");
};

const latency: Hit = async (stage, fault) => {
  const { proxy } = serviceOf(stage, fault);
  proxy.delay(20 + Math.floor(fault.share * 400));
  await Bun.sleep(fault.lastsMs);
  proxy.delay(0);
};

const drops: Hit = async (stage, fault) => {
  const { proxy } = serviceOf(stage, fault);
  const everyMs = 100 + fault.share * 1_000;
  for (let left = fault.lastsMs; left > 0; left -= everyMs) {
    proxy.drop();
    await Bun.sleep(Math.min(left, everyMs));
  }
};

/** In one direction or in both. */
const silence: Hit = async (stage, fault) => {
  const { proxy } = serviceOf(stage, fault);
  proxy.behave(fault.share < 0.5 ? "silent" : "deaf");
  await Bun.sleep(fault.lastsMs);
  proxy.behave("open");
};

const halfOpen: Hit = async (stage, fault) => {
  serviceOf(stage, fault).proxy.orphan();
};

const flush: Hit = async ({ services: { redis } }) => {
  const client = new Redis(redis.url, { maxRetriesPerRequest: 20 });
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
};

const cutAof: Hit = async ({ services: { redis } }, { lastsMs, share }) => {
  const server = redis.master();
  await stopServer(server, "SIGKILL");
  const directory = join(server.dir, `${server.id}.data`, "appendonlydir");
  const last = readdirSync(directory)
    .filter((name) => name.endsWith(".incr.aof"))
    .sort(bySequence);
  const file = join(directory, last.at(-1) ?? "");
  truncateSync(file, Math.floor(statSync(file).size * share));
  await Bun.sleep(lastsMs);
  await startServer(server);
};

/** `appendonly.aof.12.incr.aof` comes after `appendonly.aof.9.incr.aof`. */
function bySequence(a: string, b: string): number {
  return Number(a.split(".")[2]) - Number(b.split(".")[2]);
}

const failOver: Hit = async ({ services: { redis } }, { share }) => {
  await redis.failOver(200 + share * 2_000);
};

const onService: Readonly<Record<FaultKind, Hit>> = {
  kill: killService,
  pause: pauseService,
  "disk-full": never,
  latency,
  drops,
  silence,
  "half-open": halfOpen,
  flush,
  "cut-aof": cutAof,
  failover: failOver,
};

const onProcess: Readonly<Record<FaultKind, Hit>> = {
  kill: killProcess,
  pause: pauseProcess,
  "disk-full": fillDisk,
  ...{ latency: never, drops: never, silence: never, "half-open": never },
  ...{ flush: never, "cut-aof": never, failover: never },
};

function isService(thing: string): thing is ServiceName {
  return !roles.some((role) => thing.startsWith(role)) && services.includes(thing as ServiceName);
}
