// Runs the command line inside the test: what it writes is kept, and there is no process to end.

import { runCli } from "../../src/cli/main.ts";
import type { World } from "../../src/cli/world.ts";
import { tempDir } from "./temp-dir.ts";

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliPlace {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function cli(args: readonly string[], place: CliPlace = {}): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const world: World = {
    env: place.env ?? {},
    cwd: place.cwd ?? tempDir(),
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    colours: false,
    exitCode: 0,
    compose: () => Promise.reject(new Error("this test starts no engine")),
    operate: () => Promise.reject(new Error("this test has no services")),
  };
  const exitCode = await runCli(args, world);
  return { exitCode, stdout: out.join(""), stderr: err.join("") };
}
