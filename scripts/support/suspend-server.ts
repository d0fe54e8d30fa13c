/** Freezes a server: it keeps its connections and answers nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { pidOf, type Server, signalServer } from "../services/server.ts";

const withinMs = 5_000;

/** Returns when the last of its threads stands still: on a busy machine one of them may go on to
 * answer after the signal was sent. */
export function suspendServer(server: Server): void {
  const pid = pidOf(server);
  if (pid === null || !signalServer(server, "SIGSTOP")) throw new Error(`${server.id} is down`);
  const deadline = performance.now() + withinMs;
  while (!standsStill(pid)) {
    if (performance.now() > deadline) throw new Error(`${server.id} does not stand still`);
    Bun.sleepSync(1);
  }
}

function standsStill(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => {
    const stat = readFileSync(`${threads}/${thread}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
  });
}
