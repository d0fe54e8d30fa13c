// Does what a newcomer does: clones the repository, types `npm start` with an empty npm cache, and
// buys one unit. Prints how long it took, and fails unless SIGTERM then stops everything cleanly.
// With `--worktree` it takes the files as they are now instead of the last commit.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type RunningProgram, startProgram } from "./support/program.ts";
import { buy, devToken, openSale, placed } from "./support/shop.ts";

const ROOT = join(import.meta.dir, "..");
const START_DEADLINE_MS = 10 * 60_000;

const place = await mkdtemp(join(tmpdir(), "doorbuster-clone-"));
try {
  await (process.argv.includes("--worktree") ? copyWorktree() : cloneHead());
  await startAndBuy(performance.now());
} finally {
  await rm(place, { recursive: true, force: true });
}

async function startAndBuy(started: number): Promise<void> {
  const shop = await startProgram({
    command: ["npm", "start", "--", "--port", "0", "--data", join(place, "data")],
    cwd: join(place, "clone"),
    env: newcomersEnvironment(),
    deadlineMs: START_DEADLINE_MS,
  });
  say(`ready ${since(started)} after npm start, at ${shop.url}`);
  try {
    await buyOne(shop.url);
    say(`first sale ${since(started)} after npm start`);
  } finally {
    await stopCleanly(shop);
  }
}

async function buyOne(url: string): Promise<void> {
  const [sale, token] = await Promise.all([openSale(url), devToken(url, "newcomer", "buy")]);
  const order = await buy(url, token, sale.id);
  await placed(url, token, order.id);
}

async function stopCleanly(shop: RunningProgram): Promise<void> {
  await shop.stop();
  const stillThere = await fetch(`${shop.url}/livez`).catch(() => undefined);
  if (stillThere !== undefined) throw new Error(`${shop.url} still answers after npm has ended`);
  say("stopped cleanly on SIGTERM");
}

async function cloneHead(): Promise<void> {
  await run(["git", "clone", "--quiet", ROOT, join(place, "clone")]);
}

async function copyWorktree(): Promise<void> {
  const listed = await run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const paths = listed.split("\0").filter((path) => path !== "");
  for (const path of paths) await cp(join(ROOT, path), join(place, "clone", path));
}

async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd: ROOT, stderr: "inherit" });
  const printed = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
  return printed;
}

/** Nothing of this checkout shines through: not its tools on the PATH, not npm's view of it, no
 *  cache. */
function newcomersEnvironment(): Record<string, string | undefined> {
  const ofNpm = /^npm_(?!config_)|^npm_config_(local_)?prefix$/i;
  const npmVariables = Object.keys(process.env).filter((name) => ofNpm.test(name));
  const path = (process.env.PATH ?? "").split(delimiter);
  return {
    ...Object.fromEntries(npmVariables.map((name) => [name, undefined])),
    PATH: path.filter((folder) => !folder.includes("node_modules")).join(delimiter),
    npm_config_cache: join(place, "npm-cache"),
  };
}

function since(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  console.log(`clean clone: ${line}`);
}
