// Runs before every npm script, on nothing but Node: installs the dependencies when they are
// missing or older than package-lock.json, and makes sure that bun, which runs everything else,
// can start. It says nothing when there is nothing to do, and writes to stderr only, so that
// `--json` stays clean.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bunFolder = join(root, "node_modules", "bun");

ensureNodeVersion();
const reason = staleness();
if (reason !== undefined) install(reason);
ensureBunStarts();

function ensureNodeVersion() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= OLDEST_NODE) return;
  fail(
    `Node ${process.versions.node} is too old: Doorbuster needs Node ${OLDEST_NODE} or newer.`,
    "Install a current Node (https://nodejs.org) and run the command again.",
  );
}

/** Why an install is needed, or undefined. npm writes node_modules/.package-lock.json as the last
 *  step of an install, so an interrupted install has none. */
function staleness() {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const installedLock = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return "the dependencies are not installed yet";
  const installed = lockedPackages(installedLock);
  const stale = Object.keys(wanted).filter((path) => isStale(wanted[path], installed[path]));
  if (stale.length === 0) return undefined;
  return `node_modules differs from package-lock.json in ${stale.length} package(s)`;
}

function lockedPackages(file) {
  const { "": _project, ...packages } = JSON.parse(readFileSync(file, "utf8")).packages;
  return packages;
}

/** An optional package may be absent: it is most often the build for another platform. */
function isStale(wanted, installed) {
  if (installed === undefined) return wanted.optional !== true;
  return installed.version !== wanted.version || installed.integrity !== wanted.integrity;
}

/** npm's warnings are left out: they are about what packages say of engines that we do not run them
 *  on, and whoever starts Doorbuster can do nothing about them. */
function install(why) {
  say(`Installing dependencies, because ${why} (npm ci; takes a minute on a first run) …`);
  const started = Date.now();
  const status = npm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (status !== 0) {
    fail(
      `npm ci failed (exit code ${status}); its messages are above.`,
      "Check that this machine reaches its npm registry, then run the command again.",
    );
  }
  say(`Dependencies installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

/** npm says where it lives (npm_execpath) to the scripts it runs; by hand, it is on the PATH. */
function npm(args) {
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  const self = process.env.npm_execpath;
  const run = self?.endsWith(".js")
    ? spawnSync(process.execPath, [self, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return run.status ?? run.signal ?? run.error?.message ?? "unknown";
}

/** The bun package holds a placeholder until its install script has run, and npm may have been told
 *  not to run install scripts. */
function ensureBunStarts() {
  if (bunStarts()) return;
  say("bun's install script has not run; running it now …");
  spawnSync(process.execPath, ["install.js"], { cwd: bunFolder, stdio: ["ignore", 2, 2] });
  if (bunStarts()) return;
  fail(
    `bun does not start on this machine (${process.platform} ${process.arch}).`,
    "Delete node_modules and run the command again; if that does not help, look at what",
    `\`${join("node_modules", "bun", "bin", "bun.exe")} --version\` says.`,
  );
}

function bunStarts() {
  const run = spawnSync(join(bunFolder, "bin", "bun.exe"), ["--version"], { encoding: "utf8" });
  return run.status === 0 && /^\d+\.\d+/.test(run.stdout);
}

function say(line) {
  process.stderr.write(`doorbuster: ${line}\n`);
}

function fail(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}
