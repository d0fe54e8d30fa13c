/** How a service's process is started, found again and stopped, shown on a small program that
 *  stands in for a real one, so that no service is needed. */

import { afterEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLineOf, hasEnded } from "../../scripts/services/process.ts";
import {
  pidOf,
  type Server,
  signalServer,
  startServer,
  stopServer,
} from "../../scripts/services/server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const started: Server[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await stopServer(server, "SIGKILL");
});

/** It is ready as long as its mark is there, and makes the mark when it starts. */
const marks = `
  await Bun.write(process.argv.at(-1), String(process.pid));
  setInterval(() => {}, 1_000);
`;

function standIn(program = marks): Server & { readonly mark: string } {
  const dir = tempDir();
  const mark = join(dir, "one.mark");
  const server = {
    id: "one",
    dir,
    command: [process.execPath, "-e", program.replaceAll("\n", " "), mark],
    ready: async () => existsSync(mark),
    mark,
  };
  started.push(server);
  return server;
}

describe("starting", () => {
  test("leaves a server alone that runs and is ready", async () => {
    const server = standIn();
    expect(await startServer(server)).toBe("started");
    const pid = pidOf(server);
    expect(pid).toBeNumber();
    expect(await startServer(server)).toBe("was running");
    expect(pidOf(server)).toBe(pid);
  });

  test("settles a server that runs: its first start may have been interrupted", async () => {
    const server = standIn();
    await startServer(server);
    let settled = 0;
    await startServer({ ...server, settle: async () => void settled++ });
    expect(settled).toBe(1);
  });

  test("gives a server that was killed a new process", async () => {
    const server = standIn();
    await startServer(server);
    const pid = pidOf(server);
    signalServer(server, "SIGKILL");
    await until(() => pidOf(server) === null);
    rmSync(server.mark);
    expect(await startServer(server)).toBe("started");
    expect(pidOf(server)).not.toBe(pid);
  });

  test("tells how the log ends if the server ends before it is ready", async () => {
    const server = standIn(`console.error("no room on the disk"); process.exit(3)`);
    await expect(startServer(server)).rejects.toThrow(/one is not ready.*no room on the disk/s);
  });

  test("refuses a port on which another program answers", async () => {
    const server = { ...standIn(), ready: async () => true };
    await expect(startServer(server)).rejects.toThrow("something else answers on the port of one");
  });
});

describe("a pid file", () => {
  test("does not make a program ours that got the pid later", async () => {
    const server = standIn();
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1_000)"]);
    try {
      writeFileSync(join(server.dir, "one.pid"), String(stranger.pid));
      await until(() => commandLineOf(stranger.pid ?? 0).includes("setInterval"));
      expect(pidOf(server)).toBeNull();
      await stopServer(server, "SIGKILL");
      expect(hasEnded(stranger.pid ?? 0)).toBe(false);
    } finally {
      stranger.kill("SIGKILL");
    }
  });

  test.each(["", "0", "1", "-7", "nonsense", "4194999"])(
    "that holds %j names no process",
    (text) => {
      const server = standIn();
      writeFileSync(join(server.dir, "one.pid"), text);
      expect(pidOf(server)).toBeNull();
    },
  );
});

describe("stopping", () => {
  test("ends the process and takes its pid file away", async () => {
    const server = standIn();
    await startServer(server);
    const pid = pidOf(server) ?? 0;
    await stopServer(server);
    expect(hasEnded(pid)).toBe(true);
    expect(existsSync(join(server.dir, "one.pid"))).toBe(false);
  });

  test("wakes a process that is suspended, so that it can end", async () => {
    const server = standIn();
    await startServer(server);
    const pid = pidOf(server) ?? 0;
    signalServer(server, "SIGSTOP");
    await stopServer(server);
    expect(hasEnded(pid)).toBe(true);
  });

  test("has nothing to do for a server that does not run", async () => {
    expect(await stopServer(standIn())).toBeUndefined();
  });
});
