// Looks whether the programs of the services are there, and installs what is missing with the
// machine's package manager. What it installs it says first, and it starts no daemon.

import { homedir } from "node:os";
import { join } from "node:path";
import type { ServiceName } from "./catalog.ts";
import { outputOf } from "./process.ts";

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
  const root = await becomeRoot();
  if (root === null || findProgram("apt-get") === null) throw new Error(byHand(packages));
  say(`installing with apt-get: ${packages.join(" ")}`);
  const command = [...root, "sh", "-c", aptInstall, "sh", ...packages];
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] });
  if ((await child.exited) !== 0) throw new Error(`apt-get could not do it. ${byHand(packages)}`);
}

/** What to put before a command that must run as root, or null if there is no way to. */
async function becomeRoot(): Promise<readonly string[] | null> {
  if (process.getuid?.() === 0) return [];
  if (findProgram("sudo") === null) return null;
  const sudo = ["sudo", "--non-interactive"];
  return (await outputOf([...sudo, "true"])).exitCode === 0 ? sudo : null;
}

function byHand(packages: readonly string[]): string {
  return (
    "Some programs are missing, and this script cannot install them here (it needs apt-get, and " +
    "to be root or to get sudo without a password): install the equivalent of these Debian " +
    `packages, then try again: ${packages.join(" ")}`
  );
}

/** Debian starts what it installs; a policy that says no (exit code 101) keeps it from that, and is
 *  gone afterwards, even if this is interrupted. The package lists of a new machine may be old or
 *  empty, so a second try renews them. */
const aptInstall = `
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
install() { apt-get install -y --no-install-recommends "$@"; }
install "$@" || { apt-get update && install "$@"; }
`;

/** Where downloads are kept that are too large to fetch for every clone. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "doorbuster");
}
