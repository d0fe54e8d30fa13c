// Runs a program that serves HTTP on this machine the way an operator does: starts it, reads the
// URL that it prints, waits until it is ready, and stops it by a signal to its own process id.

import type { Subprocess } from "bun";

const READY_PAUSE_MS = 50;
const STOP_DEADLINE_MS = 20_000;

export type RunningProgram = {
  readonly url: string;
  readonly pid: number;
  /** All that it has printed so far. */
  readonly output: () => string;
  /** SIGTERM. Throws when the program takes longer than 20 seconds to end, or ends with an error.
   */
  readonly stop: () => Promise<void>;
};

export type ProgramOptions = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs: number;
};

/** Throws, with the program's output, when it ends or the deadline passes before it is ready. */
export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const child = spawn(options);
  const output = collect(child);
  try {
    const url = await waitUntilReady(child, output, options.deadlineMs);
    return { url, pid: child.pid, output, stop: () => stop(child, output) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

type Child = Subprocess<"ignore", "pipe", "pipe">;

function spawn(options: ProgramOptions): Child {
  return Bun.spawn([...options.command], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Reads for as long as the program lives: a full pipe would stop it. */
function collect(child: Child): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder();
    const sink = new WritableStream<Uint8Array>({
      write(chunk) {
        text += decoder.decode(chunk, { stream: true });
      },
    });
    void stream.pipeTo(sink);
  }
  return () => text;
}

async function waitUntilReady(
  child: Child,
  output: () => string,
  deadlineMs: number,
): Promise<string> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const url = printedUrl(output());
    if (url !== undefined && (await isReady(url))) return url;
    await Bun.sleep(READY_PAUSE_MS);
  }
  const ended = child.exitCode === null ? "was not ready in time" : `ended (${child.exitCode})`;
  throw new Error(`the program ${ended}; it printed:\n${output()}`);
}

function printedUrl(text: string): string | undefined {
  return /https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+/.exec(text)?.[0];
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

async function stop(child: Child, output: () => string): Promise<void> {
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  const exitCode = await child.exited;
  clearTimeout(deadline);
  if (exitCode !== 0) throw new Error(`it stopped with code ${exitCode}; printed:\n${output()}`);
}
