/** What goes wrong, done to the world when its time has come. */

import type { Fault } from "./plan.ts";
import type { Snapshot } from "./redis/server.ts";
import type { World } from "./world.ts";

/** Between two copies of what a server holds, for failovers that forget. */
const copyEveryMs = 50;

export function inject(world: World): void {
  const { plan, time } = world;
  const copies = copiesOf(world);
  for (const fault of plan.faults) {
    time.after(fault.at, () => {
      world.note(() => `FAULT ${JSON.stringify(fault)}`);
      begin(world, fault, copies);
    });
  }
}

type Copies = (server: number, ageMs: number) => Snapshot;

function begin(world: World, fault: Fault, copies: Copies): void {
  const { net, time } = world;
  switch (fault.kind) {
    case "kill":
    case "stop":
    case "pause":
    case "clock":
    case "disk":
      toProcess(world, fault);
      return;
    case "cut":
      net.cut(fault.host, fault.service, fault.how);
      return void time.after(fault.forMs, () => net.cut(fault.host, fault.service, null));
    case "away":
    case "frozen":
      net.setService(fault.service, fault.kind === "away" ? "down" : "frozen");
      return void time.after(fault.forMs, () => back(world, fault.service));
    case "wiped":
      world.redis.servers[serverOf(fault.service)]?.wipe();
      world.stock.disturbed();
      return;
    case "restart":
      restart(world, fault, copies);
      return;
    case "redelivery":
      world.log.rewind("orders", fault.messages);
      return;
    case "poison":
      world.log.poison(null);
  }
}

function back(world: World, service: string): void {
  world.net.setService(service, "up");
  if (service === "etcd") world.etcd.renewLeases();
}

function restart(
  world: World,
  { service, forMs, losesMs }: Extract<Fault, { kind: "restart" }>,
  copies: Copies,
): void {
  const server = serverOf(service);
  const kept = copies(server, losesMs);
  world.net.setService(service, "down");
  world.time.after(forMs, () => {
    world.redis.servers[server]?.restart(kept);
    world.net.setService(service, "up");
    world.stock.disturbed();
  });
}

function toProcess(
  { processes, time, diskOf }: World,
  fault: Extract<Fault, { readonly host: string }>,
): void {
  const process = processes.find(({ host }) => host.name === fault.host);
  if (process === undefined) return;
  const { host } = process;
  switch (fault.kind) {
    case "kill":
      process.kill();
      return void time.after(fault.forMs, process.start);
    case "stop":
      void process.stop().then(() => void time.after(fault.forMs, process.start));
      return;
    case "pause":
      host.pause();
      return void time.after(fault.forMs, host.resume);
    case "clock":
      host.stepClock(fault.byMs);
      return;
    case "disk":
      process.kill();
      diskOf(host.name).lose();
      process.start();
  }
}

const serverOf = (service: string) => Number(service.slice("redis-".length));

/** Keeps copies only where a fault will ask for one. */
function copiesOf({ plan, time, redis }: World): Copies {
  const kept = new Map<number, { readonly at: number; readonly copy: Snapshot }[]>();
  const forgetful = plan.faults.filter((fault) => fault.kind === "restart" && fault.losesMs > 0);
  for (const fault of forgetful) {
    if (fault.kind !== "restart") continue;
    const server = serverOf(fault.service);
    const from = Math.max(0, fault.at - fault.losesMs - copyEveryMs);
    time.after(from, () => {
      const copy = redis.servers[server]?.snapshot() ?? new Map();
      kept.set(server, [...(kept.get(server) ?? []), { at: time.now(), copy }]);
    });
  }
  return (server, ageMs) => {
    const now = redis.servers[server]?.snapshot() ?? new Map();
    if (ageMs === 0) return now;
    const known = kept.get(server)?.findLast(({ at }) => at <= time.now() - ageMs);
    return known?.copy ?? now;
  };
}
