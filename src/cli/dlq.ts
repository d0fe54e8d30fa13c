/** `dlq`: the messages of the order log that could not be handled, over the public API. */
import type { Command } from "commander";
import { z } from "zod";
import { limits } from "../domain/limits.ts";
import { callApi } from "./api-client.ts";
import { adminClient, type ConnectionOptions, withConnection } from "./connection.ts";
import { documented, group, type JsonOption, wholeNumber } from "./documented.ts";
import { type Column, formatTable } from "./table.ts";
import { printJson, printLine, type World } from "./world.ts";

const letter = z.looseObject({
  id: z.string(),
  partition: z.number(),
  offset: z.number(),
  reason: z.string(),
  raw: z.string(),
  buriedAt: z.string(),
});
const page = z.looseObject({ items: z.array(letter) });

export function dlqCommand(world: World): Command {
  return group("dlq", "look at messages that could not be handled, and put them back", [
    "dlq list",
    "dlq replay 0-17",
  ])
    .addCommand(listCommand(world))
    .addCommand(replayCommand(world));
}

interface ListOptions extends ConnectionOptions, JsonOption {
  readonly limit: number;
}

function listCommand(world: World): Command {
  const command = documented("list", {
    summary: "list dead letters, newest first",
    examples: ["dlq list", "dlq list --limit 200 --json"],
    json: '{"items":[{"id","partition","offset","reason","raw","buriedAt"}…]}',
  }).option("--limit <n>", "how many", wholeNumber(1, limits.pageMax), limits.pageDefault);
  return withConnection(command).action(async (options: ListOptions) => {
    const client = await adminClient(world, options);
    const path = `/v1/admin/dlq?limit=${options.limit}`;
    const { items } = await callApi(client, { path }, page);
    if (options.json) return printJson(world, { items });
    printLine(world, items.length === 0 ? "No dead letters." : formatTable(columns, items));
  });
}

type Letter = z.output<typeof letter>;

const columns: readonly Column<Letter>[] = [
  { title: "id", cell: ({ id }) => id },
  { title: "buried at", cell: ({ buriedAt }) => buriedAt },
  { title: "reason", cell: ({ reason }) => reason },
  { title: "message", cell: ({ raw }) => raw.slice(0, 60) },
];

function replayCommand(world: World): Command {
  const command = documented("replay", {
    summary: "put a dead letter back into the order log, as it was written",
    examples: ["dlq replay 0-17"],
    json: '{"id","replayed":true}',
  }).argument("<id>", "the letter's id, as `dlq list` shows it");
  return withConnection(command).action(
    async (id: string, options: ConnectionOptions & JsonOption) => {
      const client = await adminClient(world, options);
      const path = `/v1/admin/dlq/${encodeURIComponent(id)}/replay`;
      const call = { method: "POST", path } as const;
      const answer = await callApi(client, call, z.looseObject({ id: z.string() }));
      if (options.json) printJson(world, answer);
      else printLine(world, `Letter ${answer.id} is in the order log again.`);
    },
  );
}
