/** `lock`: who holds which lock, over the public API. */
import type { Command } from "commander";
import { z } from "zod";
import { callApi } from "./api-client.ts";
import { adminClient, type ConnectionOptions, withConnection } from "./connection.ts";
import { documented, group, type JsonOption } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { type Column, formatTable } from "./table.ts";
import { printJson, printLine, type World } from "./world.ts";

const entry = z.looseObject({
  token: z.number(),
  holder: z.string(),
  leaseId: z.string(),
  uuid: z.string(),
  about: z.string(),
});
const lock = z.looseObject({ name: z.string(), queue: z.array(entry) });
const list = z.looseObject({ items: z.array(lock) });
type Lock = z.output<typeof lock>;
type Entry = z.output<typeof entry>;

export function lockCommand(world: World): Command {
  return group("lock", "look who holds which lock, and who waits for it", [
    "lock list",
    "lock show sales/s1",
  ])
    .addCommand(listCommand(world))
    .addCommand(showCommand(world));
}

function listCommand(world: World): Command {
  const command = documented("list", {
    summary: "list locks with their holders",
    examples: ["lock list", "lock list --prefix sales/ --json"],
    json: '{"items":[{"name","queue":[{"token","holder","leaseId","uuid","about"}…]}…]}',
  }).option("--prefix <text>", "only names that begin so", "");
  return withConnection(command).action(
    async (options: ConnectionOptions & JsonOption & { readonly prefix: string }) => {
      const items = await locksFrom(world, options, options.prefix);
      if (options.json) return printJson(world, { items });
      printLine(world, items.length === 0 ? "No locks are held." : formatTable(columns, items));
    },
  );
}

const holderOf = ({ queue }: Lock): Entry | undefined => queue[0];

const columns: readonly Column<Lock>[] = [
  { title: "LOCK", cell: ({ name }) => name },
  { title: "HOLDER", cell: (one) => holderOf(one)?.holder ?? "-" },
  { title: "TOKEN", align: "right", cell: (one) => String(holderOf(one)?.token ?? "-") },
  { title: "WAITING", align: "right", cell: ({ queue }) => String(queue.length - 1) },
  { title: "ABOUT", cell: (one) => holderOf(one)?.about || "-" },
];

function showCommand(world: World): Command {
  const command = documented("show", {
    summary: "show a lock's queue; the first holds it",
    examples: ["lock show sales/s1", "lock show stock/s1 --json"],
    json: '{"name","queue":[{"token","holder","leaseId","uuid","about"}…]}',
  }).argument("<name>", "the lock's name, as `lock list` shows it");
  return withConnection(command).action(
    async (name: string, options: ConnectionOptions & JsonOption) => {
      const found = (await locksFrom(world, options, name)).find((one) => one.name === name);
      if (found === undefined) {
        throw new CliFailure({
          code: "lock-not-found",
          message: `nobody holds a lock ${name}`,
          help: "See `lock list` for the locks that are held.",
        });
      }
      if (options.json) printJson(world, found);
      else printLine(world, formatTable(queueColumns, found.queue));
    },
  );
}

const queueColumns: readonly Column<Entry>[] = [
  { title: "TOKEN", align: "right", cell: ({ token }) => String(token) },
  { title: "HOLDER", cell: ({ holder }) => holder },
  { title: "LEASE", cell: ({ leaseId }) => leaseId },
  { title: "UUID", cell: ({ uuid }) => uuid },
  { title: "ABOUT", cell: ({ about }) => about || "-" },
];

async function locksFrom(
  world: World,
  options: ConnectionOptions,
  prefix: string,
): Promise<Lock[]> {
  const client = await adminClient(world, options);
  const path = `/v1/admin/locks?prefix=${encodeURIComponent(prefix)}`;
  return (await callApi(client, { path }, list)).items;
}
