// One server process: started detached, so that it outlives the script, and found again by its
// pid file. A pid may have been given to another program since, so a process is ours only if its
// command line is the one that we started.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { commandLineOf, hasEnded } from "./process.ts";

export interface Server {
  /** A file name's worth of name, unique within its directory. */
  readonly id: string;
  /** Where its data, its log and its pid file are. */
  readonly dir: string;
  /** Names the directory, so that it tells one server from another. */
  readonly command: readonly string[];
  /** Makes what the first start needs. */
  prepare?(): Promise<void>;
  /** Whether it answers its own protocol. */
  ready(): Promise<boolean>;
  /** What is done whenever it is ready; it may have been done before, or half. */
  settle?(): Promise<void>;
}

const pollMs = 50;
const readyDeadlineMs = 90_000;
const stopDeadlineMs = 20_000;
const tailLines = 20;

/** The running process's id, or null. */
export function pidOf(server: Server): number | null {
  const file = pidFile(server);
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, "utf8"));
  return Number.isInteger(pid) && pid > 1 && isOurs(commandLineOf(pid), server) ? pid : null;
}

/** Whether a command line is that of this server: its program, and each path in its directory. A
 *  whole path, because the directory of one server may begin with that of another. */
export function isOurs(commandLine: string, { dir, command }: Server): boolean {
  const words = ` ${commandLine} `;
  const paths = command.filter((word) => word.includes(dir));
  const [program = ""] = command;
  const [running = ""] = commandLine.split(" ");
  if (paths.length === 0 || basename(running) !== basename(program)) return false;
  return paths.every((path) => words.includes(` ${path} `));
}

export function logFile({ dir, id }: Server): string {
  return join(dir, `${id}.log`);
}

function pidFile({ dir, id }: Server): string {
  return join(dir, `${id}.pid`);
}

/** Starts it unless it runs, wakes it if it was suspended; resolves once it is ready. Throws with
 *  the end of its log if it ends, or takes too long. */
export async function startServer(server: Server): Promise<"started" | "was running"> {
  if (signalServer(server, "SIGCONT")) {
    await waitUntilReady(server, () => pidOf(server) === null);
    await server.settle?.();
    return "was running";
  }
  if (await server.ready()) throw new Error(`something else answers on the port of ${server.id}`);
  mkdirSync(server.dir, { recursive: true });
  await server.prepare?.();
  const [program = "", ...args] = server.command;
  const log = openSync(logFile(server), "a");
  const stdio: ["ignore", number, number] = ["ignore", log, log];
  const child = spawn(program, args, { cwd: server.dir, detached: true, stdio });
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  writeFileSync(pidFile(server), String(child.pid));
  await waitUntilReady(server, () => child.exitCode !== null || child.signalCode !== null);
  await server.settle?.();
  return "started";
}

async function waitUntilReady(server: Server, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + readyDeadlineMs;
  while (performance.now() < deadline) {
    if (await server.ready()) return;
    if (hasEnded()) break;
    await Bun.sleep(pollMs);
  }
  throw new Error(`${server.id} is not ready; its log ends:\n${tailOf(server)}`);
}

function tailOf(server: Server): string {
  const file = logFile(server);
  if (!existsSync(file)) return "(no log)";
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-tailLines).join("\n");
}

/** Sends a signal; false if it does not run. */
export function signalServer(server: Server, signal: NodeJS.Signals): boolean {
  const pid = pidOf(server);
  if (pid === null) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (hasEnded(pid)) return false;
    throw error;
  }
}

/** Asks it to stop, and makes it after a while; resolves once it is gone, with its ports free. */
export async function stopServer(server: Server, signal: NodeJS.Signals = "SIGTERM") {
  const pid = pidOf(server);
  if (pid === null) return;
  signalServer(server, signal);
  signalServer(server, "SIGCONT");
  const deadline = performance.now() + stopDeadlineMs;
  while (remains(pid, server)) {
    if (performance.now() > deadline) signalServer(server, "SIGKILL");
    await Bun.sleep(pollMs);
  }
  rmSync(pidFile(server), { force: true });
}

/** A process that is ending has lost its command line already, but not yet its ports and locks. */
function remains(pid: number, server: Server): boolean {
  const commandLine = commandLineOf(pid);
  return (commandLine === "" || isOurs(commandLine, server)) && !hasEnded(pid);
}
