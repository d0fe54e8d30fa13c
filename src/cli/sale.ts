/** `sale …`: what an admin does with sales, over the public API. */
import type { Command } from "commander";
import type { z } from "zod";
import { limits } from "../domain/limits.ts";
import type { SaleAction } from "../domain/sale.ts";
import { type ApiCall, type ApiClient, callApi } from "./api-client.ts";
import { adminClient, type ConnectionOptions, publicClient, withConnection } from "./connection.ts";
import { documented, group, type JsonOption, wholeNumber } from "./documented.ts";
import { saleCreateCommand } from "./sale-create.ts";
import { rebuildCommand } from "./sale-rebuild.ts";
import { formatSale, formatSales, saleLine, salePageSchema, saleSchema } from "./sale-view.ts";
import { printJson, printLine, type World } from "./world.ts";

type Options = ConnectionOptions & JsonOption;

export function saleCommand(world: World): Command {
  return group("sale", "create, look at and steer sales", [
    "sale create --product-id phone-15 --name 'Phone 15' --stock 1000 --price 199.00 --open",
    "sale list",
    "sale close s1",
  ])
    .addCommand(saleCreateCommand(world))
    .addCommand(listCommand(world))
    .addCommand(showCommand(world))
    .addCommand(actionCommand(world, "open", "open a sale now"))
    .addCommand(actionCommand(world, "pause", "stop selling for a while"))
    .addCommand(actionCommand(world, "resume", "go on selling after a pause"))
    .addCommand(actionCommand(world, "close", "end a sale for good"))
    .addCommand(restockCommand(world))
    .addCommand(rebuildCommand(world));
}

function listCommand(world: World): Command {
  const command = documented("list", {
    summary: "list sales, newest first",
    examples: ["sale list", "sale list --limit 200 --json"],
    json: '{"items":[sale…],"nextCursor":text|null}, as GET /v1/sales answers',
  })
    .option("--limit <n>", "how many", wholeNumber(1, limits.pageMax), limits.pageDefault)
    .option("--cursor <cursor>", "go on from the nextCursor of the page before");
  return withConnection(command).action(async (options: ListOptions) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.cursor !== undefined) query.set("cursor", options.cursor);
    const client = await publicClient(world, options);
    const page = await callApi(client, { path: `/v1/sales?${query}` }, salePageSchema);
    if (options.json) printJson(world, page);
    else printPage(world, page);
  });
}

interface ListOptions extends Options {
  readonly limit: number;
  readonly cursor?: string;
}

function printPage(world: World, page: z.output<typeof salePageSchema>): void {
  if (page.items.length === 0) {
    printLine(world, "No sales yet. `doorbuster sale create --help` says how to make one.");
    return;
  }
  printLine(world, formatSales(page.items));
  if (page.nextCursor) printLine(world, `\nMore: --cursor ${page.nextCursor}`);
}

function showCommand(world: World): Command {
  const command = documented("show", {
    summary: "show one sale",
    examples: ["sale show s1"],
    json: "the sale, as GET /v1/sales/{id} answers",
  }).argument("<sale>", "the sale's id, like s1");
  return withConnection(command).action(async (id: string, options: Options) => {
    const client = await publicClient(world, options);
    const sale = await callApi(client, { path: salePath(id) }, saleSchema);
    if (options.json) printJson(world, sale);
    else printLine(world, formatSale(sale));
  });
}

function actionCommand(world: World, action: SaleAction, summary: string): Command {
  const command = documented(action, {
    summary,
    examples: [`sale ${action} s1`],
    json: "the sale after the change, as the API answers",
  }).argument("<sale>", "the sale's id, like s1");
  return withConnection(command).action(async (id: string, options: Options) => {
    const client = await adminClient(world, options);
    await changeSale(world, client, options, { path: `${salePath(id)}/${action}` });
  });
}

function restockCommand(world: World): Command {
  const command = documented("restock", {
    summary: "add units to a sale, once per key",
    examples: ["sale restock s1 --add 500", "sale restock s1 --add 500 --key delivery-2026-07-04"],
    json: "the sale after the change, as the API answers",
  })
    .argument("<sale>", "the sale's id, like s1")
    .requiredOption("--add <units>", "how many units (required)", wholeNumber(1, limits.stockMax))
    .option("--key <key>", "Idempotency-Key: repeating it adds nothing (default: a new one)");
  return withConnection(command).action(async (id: string, options: RestockOptions) => {
    const client = await adminClient(world, options);
    const key = options.key ?? crypto.randomUUID();
    await changeSale(world, client, options, {
      path: `${salePath(id)}/stock`,
      body: { add: options.add },
      headers: { "idempotency-key": key },
      unknownOutcome: `The units may have been added. Repeat the command with --key ${key}.`,
    });
  });
}

interface RestockOptions extends Options {
  readonly add: number;
  readonly key?: string;
}

async function changeSale(
  world: World,
  client: ApiClient,
  options: JsonOption,
  call: ApiCall,
): Promise<void> {
  const sale = await callApi(client, { method: "POST", ...call }, saleSchema);
  if (options.json) printJson(world, sale);
  else printLine(world, saleLine(sale));
}

function salePath(id: string): string {
  return `/v1/sales/${encodeURIComponent(id)}`;
}
