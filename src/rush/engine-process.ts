/** Starts the engine as a process of its own, as an operator would, and waits for the line in which
 *  it says where it listens. The load and the server must not share an event loop, or each would
 *  measure the other. */
import { join } from "node:path";
import type { Subprocess } from "bun";
import { atExit } from "./at-exit.ts";
import { RushError } from "./sale-client.ts";

export interface EngineOptions {
  readonly dataDir: string;
  readonly secret: string;
  /** All of them by default. */
  readonly roles?: string;
  /** Further environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** The core to stay on, where `taskset` exists. */
  readonly core?: number | undefined;
  /** Kills it (-9) when aborted, be it in the middle of its start. */
  readonly killSignal?: AbortSignal;
  /** Hears every line of its log, its last words before a kill included. */
  readonly logged?: (line: string) => void;
}

export interface EngineProcess {
  readonly url: string;
  readonly pid: number;
  /** Orders in the log that were replayed at start-up. */
  readonly replayed: number;
  /** Asks it to stop, and makes it if it does not. */
  stop(): Promise<void>;
  /** kill -9: nothing gets the chance to tidy up. */
  kill(): Promise<void>;
}

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 15_000;
const KEPT_ERROR_CHARS = 4000;

/** Throws a RushError that says why, if it does not get as far as listening. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const child = spawnEngine(options);
  const errors = keepTail(child.stderr, options.logged);
  const deadline = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  const listening = await firstListening(child.stdout);
  clearTimeout(deadline);
  if (listening === undefined) {
    child.kill("SIGKILL");
    await child.exited;
    throw new RushError(`the engine did not start: ${errors().trim() || "it printed nothing"}`);
  }
  return {
    ...listening,
    pid: child.pid,
    stop: () => stop(child),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The command line that runs this very program: a compiled binary is its own interpreter. */
export function selfCommand(): string[] {
  const compiled = import.meta.path.startsWith("/$bunfs/") || import.meta.path.includes("~BUN");
  return compiled ? [process.execPath] : [process.execPath, join(import.meta.dir, "..", "main.ts")];
}

export function pinnedTo(core: number | undefined, command: string[]): string[] {
  return core === undefined ? command : ["taskset", "-c", String(core), ...command];
}

/** In the data directory and without our settings, so that the user's own configuration file and
 *  variables do not leak into a server that is nobody's but ours. */
function spawnEngine(options: EngineOptions) {
  const { dataDir, secret, roles, settings = {}, port = 0, core, killSignal } = options;
  const serve = ["serve", "--host", "127.0.0.1", "--port", String(port), "--data", dataDir];
  const chosen = roles === undefined ? [] : ["--roles", roles];
  const child = Bun.spawn(pinnedTo(core, [...selfCommand(), ...serve, ...chosen, "--json"]), {
    cwd: dataDir,
    env: { ...withoutSettings(process.env), ...settings, DOORBUSTER_AUTH_SECRET: secret },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(killSignal === undefined ? {} : { signal: killSignal, killSignal: "SIGKILL" as const }),
  });
  const callOff = atExit(() => child.kill("SIGKILL"));
  child.exited.then(callOff);
  return child;
}

function withoutSettings(env: Record<string, string | undefined>) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith("DOORBUSTER_")),
  );
}

type Piped = Subprocess<"ignore", "pipe", "pipe">;

async function stop(child: Piped): Promise<void> {
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await child.exited;
  clearTimeout(deadline);
}

/** Reads on after the line is found: a full pipe would stop the engine. */
async function firstListening(stdout: ReadableStream<Uint8Array>) {
  const found = Promise.withResolvers<{ url: string; replayed: number } | undefined>();
  const read = async () => {
    for await (const line of lines(stdout)) {
      const listening = parseListening(line);
      if (listening !== undefined) found.resolve(listening);
    }
    found.resolve(undefined);
  };
  read().catch(() => found.resolve(undefined));
  return found.promise;
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

interface ListeningLine {
  readonly event?: string;
  readonly url?: string;
  readonly recovered?: { readonly replayed?: number };
}

function parseListening(line: string): { url: string; replayed: number } | undefined {
  if (!line.includes('"listening"')) return undefined;
  try {
    const parsed = JSON.parse(line) as ListeningLine;
    if (parsed.event !== "listening" || parsed.url === undefined) return undefined;
    return { url: parsed.url.replace(/\/$/, ""), replayed: parsed.recovered?.replayed ?? 0 };
  } catch {
    return undefined;
  }
}

function keepTail(
  stream: ReadableStream<Uint8Array>,
  logged: EngineOptions["logged"],
): () => string {
  let tail = "";
  const read = async () => {
    for await (const line of lines(stream)) {
      tail = `${tail}${line}\n`.slice(-KEPT_ERROR_CHARS);
      logged?.(line);
    }
  };
  read().catch(() => {
    // The engine was killed: what it said so far is all there is.
  });
  return () => tail;
}
