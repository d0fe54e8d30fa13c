// The program as an operator runs it: a process of its own, with its own directory.

import { join } from "node:path";
import type { Subprocess } from "bun";

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");

export interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When it is killed, if it still runs then. */
  readonly deadlineMs?: number;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Serving {
  /** The first line it printed that tells a URL. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<Ended>;
}

/** Runs a command to its end. */
export function doorbuster(args: readonly string[], place: Place): Promise<Ended> {
  const child = spawn(args, place);
  return ended(child, listen(child.stdout).text);
}

/** Starts `serve` on any free port and waits until it says where. Throws if it ends instead. */
export async function serving(args: readonly string[], place: Place): Promise<Serving> {
  const child = spawn(["serve", "--port", "0", ...args], place);
  const { url, text } = listen(child.stdout);
  const found = await url;
  if (found === null) {
    const { exitCode, stderr } = await ended(child, text);
    throw new Error(`serve ended with ${exitCode}: ${stderr}`);
  }
  const stop = () => {
    child.kill("SIGTERM");
    return ended(child, text);
  };
  return { url: found, pid: child.pid, stop };
}

type Child = Subprocess<"ignore", "pipe", "pipe">;

function spawn(args: readonly string[], { cwd, env = {}, deadlineMs = 20_000 }: Place): Child {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("DOORBUSTER_"));
  return Bun.spawn([process.execPath, MAIN, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
}

async function ended(child: Child, stdout: Promise<string>): Promise<Ended> {
  const stderr = await new Response(child.stderr).text();
  return { exitCode: await child.exited, stdout: await stdout, stderr };
}

/** The first URL in the stream as soon as it is there, or null; and all of the text at its end. */
function listen(stream: ReadableStream<Uint8Array>) {
  const url = Promise.withResolvers<string | null>();
  const read = async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      const found = /http:\/\/[\w.:[\]]+:\d+/.exec(text)?.[0];
      if (found !== undefined) url.resolve(found);
    }
    url.resolve(null);
    return text;
  };
  return { url: url.promise, text: read() };
}
