// k6 itself: the one that is installed, if it reads TypeScript, or one that Go builds once.

import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { outputOf, runToEnd } from "../services/process.ts";
import { cacheDirectory, findProgram } from "../services/programs.ts";

/** What is built; any 1.x or later that is installed will do as well. */
const version = "1.8.1";
const module = `go.k6.io/k6@v${version}`;

/** The program's path. Says what it installs before it does; throws where it cannot. */
export async function findK6(say: (line: string) => void): Promise<string> {
  const installed = process.env.K6 || findProgram("k6");
  if (installed && (await isRecent(installed))) return installed;
  const directory = join(cacheDirectory(), `k6-${version}`);
  const built = join(directory, "k6");
  if (existsSync(built)) return built;
  const go = findProgram("go");
  if (go === null) throw new Error(byHand);
  say(`building ${module} with Go into ${directory}; takes some minutes, once`);
  await build(go, directory);
  return built;
}

/** Into a folder beside the final one, so that a broken build is not taken for a whole one. */
async function build(go: string, directory: string): Promise<void> {
  const part = `${directory}.part`;
  rmSync(part, { recursive: true, force: true });
  await runToEnd(["env", `GOBIN=${part}`, go, "install", module], "/");
  renameSync(part, directory);
}

/** 1.0 was the first to read TypeScript without being asked to. */
async function isRecent(program: string): Promise<boolean> {
  const { exitCode, output } = await outputOf([program, "version"]);
  const major = /k6(?:\.exe)? v(\d+)\./.exec(output)?.[1];
  return exitCode === 0 && Number(major) >= 1;
}

const byHand =
  "k6 is not installed, nor is Go, with which it could be built. Install one of them: k6 1.0 or " +
  "newer (https://grafana.com/docs/k6/latest/set-up/install-k6/; if it is not on the PATH, name " +
  `it in the environment variable K6), or Go (https://go.dev/dl/), for ${module}.`;
