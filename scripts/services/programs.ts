// Looks whether the programs of the services are there, and installs what is missing with the
// machine's package manager. What it installs it says first, and it starts no daemon.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ServiceName } from "./catalog.ts";

interface Need {
  readonly program: string;
  /** The Debian package that has it. */
  readonly debian: string;
}

const needs: Readonly<Record<ServiceName, readonly Need[]>> = {
  redis: [{ program: "redis-server", debian: "redis-server" }],
  "redis-cluster": [
    { program: "redis-server", debian: "redis-server" },
    { program: "redis-cli", debian: "redis-tools" },
  ],
  kafka: [
    { program: "java", debian: "openjdk-17-jre-headless" },
    { program: "mvn", debian: "maven" },
  ],
  mariadb: [{ program: "mariadbd", debian: "mariadb-server" }],
  etcd: [{ program: "etcd", debian: "etcd-server" }],
};

/** The program's path, or null. Debian keeps daemons where not everybody looks. */
export function findProgram(name: string): string | null {
  const path = `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin`;
  return Bun.which(name, { PATH: path });
}

export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === null) throw new Error(`${name} is not installed`);
  return path;
}

export function missingPackages(names: readonly ServiceName[]): string[] {
  const missing = names
    .flatMap((name) => needs[name])
    .filter(({ program }) => findProgram(program) === null);
  return [...new Set(missing.map(({ debian }) => debian))];
}

export async function installPrograms(
  names: readonly ServiceName[],
  say: (line: string) => void,
): Promise<void> {
  const packages = missingPackages(names);
  if (packages.length === 0) return;
  if (findProgram("apt-get") === null) throw new Error(byHand(packages));
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
  if (sudo.length > 0 && findProgram("sudo") === null) throw new Error(byHand(packages));
  say(`installing with apt-get: ${packages.join(" ")}`);
  await withoutDaemons(sudo.length === 0, () => aptInstall(sudo, packages));
}

function byHand(packages: readonly string[]): string {
  return (
    "some programs are missing, and this script cannot install them here: install the " +
    `equivalent of these Debian packages, then try again: ${packages.join(" ")}`
  );
}

/** The package lists of a new machine may be old or empty, so a second try renews them. */
async function aptInstall(sudo: readonly string[], packages: readonly string[]): Promise<void> {
  const install = [...sudo, "apt-get", "install", "-y", "--no-install-recommends", ...packages];
  if ((await quietly(install)) === 0) return;
  await quietly([...sudo, "apt-get", "update"]);
  if ((await quietly(install)) !== 0) throw new Error(`\`${install.join(" ")}\` failed`);
}

async function quietly(command: readonly string[]): Promise<number> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const child = Bun.spawn([...command], { env, stdio: ["ignore", "ignore", "inherit"] });
  return await child.exited;
}

const policy = "/usr/sbin/policy-rc.d";

/** Debian starts what it installs; a policy that says no (exit code 101) keeps it from that. */
async function withoutDaemons(root: boolean, install: () => Promise<void>): Promise<void> {
  const ours = root && !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await install();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

/** Where downloads are kept that are too large to fetch for every clone. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "doorbuster");
}
