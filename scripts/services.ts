// Real services on loopback, for development and for the tests that need them.

import { relative } from "node:path";
import { messageOf } from "../src/lib/finding.ts";
import { type ServiceName, serviceNames } from "./services/catalog.ts";
import { parseServicesCommand, type ServicesCommand } from "./services/command.ts";
import {
  configurations,
  emptyService,
  startService,
  statusOf,
  stopService,
  writeConfigurations,
} from "./services/control.ts";
import { installPrograms, missingPackages } from "./services/programs.ts";

const usage = `Usage: npm run services -- up|down|status|reset [NAME]... [--json]

up      install what is missing (it says so first), start, wait until they answer
down    stop them; their data stays
status  what runs where
reset   stop them and delete their data; what ran starts anew

NAME is one of ${serviceNames.join(", ")}; without names: all of them.
Exit codes: 0 done, 1 failed (status: something is down), 2 wrong usage.`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return 0;
  }
  const command = parseServicesCommand(args);
  if (typeof command === "string") {
    console.error(`services: ${command}\n\n${usage}`);
    return 2;
  }
  try {
    return await run(command);
  } catch (error) {
    console.error(`services: ${messageOf(error)}`);
    return 1;
  }
}

async function run({ verb, names, json }: ServicesCommand): Promise<number> {
  if (verb === "status") return await showStatus(names, json);
  if (verb === "up") {
    await installPrograms(names, say);
    await all(names.map(up));
    writeConfigurations();
    say(`use them with --config ${relative(process.cwd(), configurations.single)}`);
    return 0;
  }
  const installed = names.filter((name) => missingPackages([name]).length === 0);
  await all(installed.map(verb === "down" ? down : reset));
  return 0;
}

/** Lets every one come to its end, so that a service that fails leaves no other half-done. */
async function all(tasks: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(tasks);
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  if (failures.length > 0) throw new Error(failures.map(messageOf).join("\n"));
}

async function up(name: ServiceName): Promise<void> {
  const startedAt = performance.now();
  await startService(name);
  const { address } = await statusOf(name);
  say(`${name} is up at ${address} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

async function down(name: ServiceName): Promise<void> {
  await stopService(name);
  say(`${name} is down`);
}

async function reset(name: ServiceName): Promise<void> {
  const { pids } = await statusOf(name);
  await emptyService(name);
  say(`${name} is empty`);
  if (pids.length > 0) await up(name);
}

async function showStatus(names: readonly ServiceName[], json: boolean): Promise<number> {
  const installed = names.filter((name) => missingPackages([name]).length === 0);
  const all = await Promise.all(installed.map(statusOf));
  if (json) console.log(JSON.stringify(all));
  for (const { name, state, pids, address, logs } of json ? [] : all) {
    console.log(`${name.padEnd(14)} ${state.padEnd(9)} ${address}`);
    if (pids.length > 0) console.log(`${" ".repeat(15)}pid ${pids.join(" ")}, ${logs.join(" ")}`);
  }
  for (const name of names) if (!installed.includes(name)) say(`${name} is not installed`);
  return all.length === names.length && all.every(({ state }) => state === "up") ? 0 : 1;
}

function say(line: string): void {
  console.error(`services: ${line}`);
}
