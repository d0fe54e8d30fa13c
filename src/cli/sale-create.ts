/** `sale create`: flags to the body of POST /v1/sales. What the server defaults is left out. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { limits } from "../domain/limits.ts";
import { strategies } from "../domain/sale.ts";
import { type ApiClient, callApi } from "./api-client.ts";
import { adminClient, type ConnectionOptions, withConnection } from "./connection.ts";
import { documented, type JsonOption, wholeNumber } from "./documented.ts";
import { CliFailure, type FailureText } from "./failure.ts";
import { formatSale, type SaleView, saleSchema } from "./sale-view.ts";
import { printJson, printLine, type World } from "./world.ts";

interface CreateOptions extends ConnectionOptions, JsonOption {
  readonly productId: string;
  readonly name?: string;
  readonly stock: number;
  readonly price: string;
  readonly currency: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly perBuyerLimit?: number;
  readonly rate?: number;
  readonly burst?: number;
  readonly adaptive?: boolean;
  readonly rateFloor?: number;
  readonly lagTarget?: number;
  readonly reserveTarget?: number;
  readonly paymentWindow?: number;
  readonly buckets?: number;
  readonly strategy?: string;
  readonly fallback?: string;
  readonly boardScore?: string;
  readonly open?: boolean;
}

export function saleCreateCommand(world: World): Command {
  const command = documented("create", {
    summary: "create a sale; it opens at --starts-at, with --open at once, else by `sale open`",
    examples: [
      "sale create --product-id phone-15 --name 'Phone 15' --stock 1000 --price 199.00 --open",
      "sale create --product-id mug --stock 50 --price 9.90 --currency EUR \\\n" +
        "      --per-buyer-limit 2 --starts-at 2026-11-11T00:00:00Z --ends-at 2026-11-12T00:00:00Z",
    ],
    json: "the sale, as POST /v1/sales answers",
  });
  return withConnection(withTerms(command)).action(async (options: CreateOptions) => {
    const client = await adminClient(world, options);
    const sale = await createSale(client, saleBody(options), options.open === true);
    if (options.json) printJson(world, sale);
    else printLine(world, formatSale(sale));
  });
}

/** Creates a sale and, if asked to, opens it. */
export async function createSale(
  client: ApiClient,
  body: unknown,
  open: boolean,
): Promise<SaleView> {
  const created = await callApi(client, { method: "POST", path: "/v1/sales", body }, saleSchema);
  if (!open) return created;
  return callApi(client, { method: "POST", path: `/v1/sales/${created.id}/open` }, saleSchema);
}

export function saleBody(options: CreateOptions): Record<string, unknown> {
  const {
    perBuyerLimit,
    startsAt,
    endsAt,
    paymentWindow,
    buckets,
    strategy,
    fallback,
    boardScore,
  } = options;
  return withoutUndefined({
    productId: options.productId,
    name: options.name ?? options.productId,
    stock: options.stock,
    price: { amount: options.price, currency: options.currency },
    startsAt,
    endsAt,
    perBuyerLimit,
    rateLimit: rateLimitOf(options),
    paymentWindowSeconds: paymentWindow,
    buckets,
    strategy,
    fallback,
    board: boardScore === undefined ? undefined : { score: boardScore },
  });
}

function withTerms(command: Command): Command {
  const { stockMax, perBuyerLimitMax, rateMax, paymentWindowMaxSeconds, bucketsMax } = limits;
  return command
    .requiredOption(
      "--product-id <id>",
      "the product's id: letters, digits, dots, dashes (required)",
    )
    .option("--name <name>", "what buyers read (default: the product's id)")
    .requiredOption("--stock <units>", "how many units (required)", wholeNumber(1, stockMax))
    .requiredOption("--price <amount>", "like 199.00 (required)", amount)
    .option("--currency <code>", "ISO 4217", "CNY")
    .option("--starts-at <time>", "when it opens by itself, like 2026-11-11T00:00:00Z", time)
    .option("--ends-at <time>", "when it closes by itself", time)
    .option("--per-buyer-limit <units>", "units per buyer", wholeNumber(1, perBuyerLimitMax))
    .option("--rate <n>", "purchases a second that are let in", wholeNumber(1, rateMax))
    .option("--burst <n>", "purchases let in at once (default: --rate)", wholeNumber(1, rateMax))
    .option("--adaptive", "lower the rate while the back end is slow, and raise it again")
    .option("--rate-floor <n>", "an adaptive rate is never lower", wholeNumber(1, rateMax))
    .option("--lag-target <ms>", "lower it when the ledger is so far behind", targetMs)
    .option("--reserve-target <ms>", "lower it when the stock takes so long", targetMs)
    .option(
      "--payment-window <seconds>",
      "how long an order may stay unpaid",
      wholeNumber(1, paymentWindowMaxSeconds),
    )
    .option("--buckets <n>", "shares that the stock is split into", wholeNumber(1, bucketsMax))
    .addOption(
      new Option("--strategy <how>", "how units are taken (default: atomic)").choices(strategies),
    )
    .addOption(
      new Option("--fallback <what>", "what to sell from while the stock is away").choices([
        "database",
      ]),
    )
    .addOption(
      new Option("--board-score <score>", "what ranks buyers").choices([
        "time",
        "quantity",
        "composite",
      ]),
    )
    .option("--open", "open it at once");
}

function rateLimitOf({ rate, burst, ...options }: CreateOptions) {
  const adaptive = adaptiveOf(options);
  const perSecond = rate ?? burst;
  if (perSecond === undefined && adaptive !== undefined) throw new CliFailure(needsRate);
  if (perSecond === undefined) return undefined;
  return { perSecond, burst: burst ?? perSecond, ...(adaptive && { adaptive }) };
}

function adaptiveOf({ adaptive, rateFloor, lagTarget, reserveTarget }: Partial<CreateOptions>) {
  const given = {
    floorPerSecond: rateFloor,
    lagTargetMs: lagTarget,
    reserveTargetMs: reserveTarget,
  };
  const named = withoutUndefined(given);
  return adaptive || Object.keys(named).length > 0 ? named : undefined;
}

const needsRate: FailureText = {
  code: "usage",
  message: "a rate that adapts needs a ceiling",
  help: "Say it with --rate.",
  usage: true,
};

const targetMs = wholeNumber(limits.adaptTargetMinMs, limits.adaptTargetMaxMs);

function amount(text: string): string {
  if (/^\d+\.\d{2}$/.test(text)) return text;
  if (/^\d+(\.\d)?$/.test(text)) return Number(text).toFixed(2);
  throw new InvalidArgumentError("It must look like 199.00.");
}

/** Any time with a zone, as RFC 3339 in UTC. */
function time(text: string): string {
  const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const at = Date.parse(text);
  if (zoned && !Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError("It must be a time with its zone, like 2026-11-11T00:00:00Z.");
}

function withoutUndefined(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
