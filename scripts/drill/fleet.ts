// Our own processes, two of each role, as a supervisor would keep them: one that ends is started
// again, and one that ends by itself is remembered.

import { appendFileSync } from "node:fs";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { RushError } from "../../src/rush/sale-client.ts";
import { lastingPort } from "../support/free-port.ts";
import { perRole, type RoleName, roles } from "./plan.ts";

export interface Member {
  readonly name: string;
  readonly role: RoleName;
  readonly url: string;
  /** Null while it is down. */
  pid(): number | null;
  kill(): Promise<void>;
  /** Resolves once it listens. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Fleet {
  readonly members: readonly Member[];
  /** Stops all of them. */
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly dataDir: string;
  readonly secret: string;
  readonly settings: Readonly<Record<string, string>>;
  /** What they print goes here. */
  readonly logFile: string;
  /** One ended, and nobody had asked it to. */
  readonly onDeath: (name: string) => void;
}

const startWithinMs = 90_000;

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const names = roles.flatMap((role) =>
    Array.from({ length: perRole }, (_, slot) => ({ role, name: `${role}-${slot}` })),
  );
  const members: Member[] = [];
  for (const { role, name } of names)
    members.push(memberOf(options, role, name, await lastingPort()));
  await Promise.all(members.map((member) => member.start()));
  const close = async () => {
    await Promise.all(members.map((member) => member.stop()));
  };
  return { members, close };
}

function memberOf(options: FleetOptions, role: RoleName, name: string, port: number): Member {
  const { dataDir, secret, settings, logFile, onDeath } = options;
  const onLine = (line: string) => appendFileSync(logFile, `${name} ${line}\n`);
  let engine: EngineProcess | null = null;

  /** What it needs may be broken as well. */
  async function start(): Promise<void> {
    const deadline = performance.now() + startWithinMs;
    for (;;) {
      try {
        const own = { dataDir, secret, settings, roles: role, port, onLine };
        watch(await startEngine(own));
        return;
      } catch (reason) {
        if (!(reason instanceof RushError) || performance.now() > deadline) throw reason;
      }
    }
  }

  function watch(started: EngineProcess): void {
    engine = started;
    started.ended.then(() => {
      if (engine !== started) return;
      engine = null;
      onDeath(name);
      void start();
    });
  }

  async function end(how: "kill" | "stop"): Promise<void> {
    const ending = engine;
    engine = null;
    await ending?.[how]();
  }

  return {
    name,
    role,
    url: `http://127.0.0.1:${port}`,
    pid: () => engine?.pid ?? null,
    kill: () => end("kill"),
    start,
    stop: () => end("stop"),
  };
}
