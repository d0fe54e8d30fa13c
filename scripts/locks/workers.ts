// Starting workers, and hearing what they tell.

import type { Subprocess } from "bun";
import type { Work } from "./worker.ts";

export interface Worker {
  readonly pid: number;
  readonly words: readonly string[];
  /** How often it told this. */
  count(word: string): number;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
}

const program = new URL("./worker.ts", import.meta.url).pathname;

export function startWorker(work: Work): Worker {
  const child = Bun.spawn([process.execPath, program, JSON.stringify(work)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const words: string[] = [];
  const heard = listen(child, words);
  return {
    pid: child.pid,
    words,
    count: (word) => words.filter((one) => one === word).length,
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await heard;
    },
  };
}

async function listen(child: Subprocess<"ignore", "pipe", "inherit">, words: string[]) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    words.push(...lines);
  }
}

/** Resolves with whether it came true in time. */
export async function comesTrue(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(20);
  }
  return true;
}
