/** Everything outside that a command touches, in one place, so that tests can stand in for it. */
import type { Operations } from "../compose/operations.ts";
import type { Environment } from "../config/environment.ts";
import { type Flag, type LoadedConfig, loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problems.ts";
import type { Config } from "../config/validate.ts";
import type { Logger } from "../observability/logger.ts";
import { CliFailure } from "./failure.ts";

export interface World {
  readonly env: Environment;
  readonly cwd: string;
  /** Writes to stdout: results only. */
  out(text: string): void;
  /** Writes to stderr: errors, warnings, progress. */
  err(text: string): void;
  /** Whether stdout shows colours. */
  readonly colours: boolean;
  /** Builds the engine that `serve` runs. */
  compose(config: Config, log: Logger): Promise<Engine>;
  /** What an operator does to clustered stores. */
  operate(config: Config): Promise<Operations>;
  /** The exit code, unless the command fails: 0 until a command says otherwise. */
  exitCode: 0 | 1;
}

export interface Engine {
  start(): Promise<{
    readonly url: string;
    readonly adminUrl: string;
    readonly recovered: Recovered;
  }>;
  stop(): Promise<void>;
}

export interface Recovered {
  readonly replayed: number;
  readonly salesLoaded: readonly string[];
}

export function printLine(world: World, text: string): void {
  world.out(`${text}\n`);
}

export function printJson(world: World, value: unknown): void {
  printLine(world, JSON.stringify(value));
}

/** The configuration, or a failure that lists every problem. */
export async function configOf(
  world: World,
  file: string | undefined,
  flags: readonly Flag[] = [],
): Promise<LoadedConfig> {
  const loaded = await loadConfig({ cwd: world.cwd, env: world.env, file, flags });
  if (loaded.ok) return loaded.value;
  throw new CliFailure({
    code: "config-invalid",
    usage: loaded.error.every((problem) => problem.source.kind === "flag"),
    message: formatProblems(loaded.error),
    details: { problems: loaded.error },
  });
}
