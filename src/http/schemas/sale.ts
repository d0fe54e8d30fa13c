/** Sales as clients write and read them. */
import { z } from "@hono/zod-openapi";
import { units } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { strategies } from "../../domain/sale.ts";
import { displayText, money, page, productId, time, timeText } from "./common.ts";

const rate = z.int().min(1).max(limits.rateMax);

/** Tokens a second, and how many may be saved up. */
export const rateFields = { perSecond: rate, burst: rate };

const targetMs = z.int().min(limits.adaptTargetMinMs).max(limits.adaptTargetMaxMs);

/** The targets are several times what a healthy back end shows, and little enough to react. */
const adaptive = z
  .strictObject({
    floorPerSecond: rate.default(10).openapi({ description: "It is never lowered below this" }),
    lagTargetMs: targetMs.default(500).openapi({
      description: "Lowered while the oldest order that is not in the ledger is so old",
    }),
    reserveTargetMs: targetMs.default(100).openapi({
      description: "Lowered while the stock takes so long to answer",
    }),
  })
  .openapi("AdaptiveRate", {
    description: "The rate follows what the back end can do, up to perSecond; null: it does not",
  });

interface RateFields {
  readonly perSecond?: number | undefined;
  readonly adaptive?: { readonly floorPerSecond: number } | null | undefined;
}

const floorFits = ({ perSecond, adaptive }: RateFields) =>
  !adaptive || perSecond === undefined || adaptive.floorPerSecond <= perSecond;
const floorTooHigh = {
  path: ["adaptive", "floorPerSecond"],
  message: "must be at most rateLimit.perSecond",
};

const rateLimit = z
  .strictObject({ ...rateFields, adaptive: adaptive.nullable().default(null) })
  .refine(floorFits, floorTooHigh)
  .openapi("SaleRate", { description: "Purchases a second, and how many may come at once" });

const rateChange = z
  .strictObject({
    perSecond: rate.optional(),
    burst: rate.optional(),
    adaptive: adaptive.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must name at least one field to change")
  .refine(floorFits, floorTooHigh)
  .openapi("SaleRateChange", { description: "What is left out stays as it is", minProperties: 1 });

const board = z
  .strictObject({ score: z.enum(["time", "quantity", "composite"]) })
  .openapi("Board", { description: "What the sale's leaderboard ranks by" });

const name = displayText(limits.nameMaxLength);
const startsAt = time("2027-01-31T12:00:00Z");
const endsAt = time("2027-01-31T13:00:00Z");
const paymentWindowSeconds = z.int().min(1).max(limits.paymentWindowMaxSeconds);

const strategy = z.enum(strategies).openapi({
  description:
    "How units are taken: by a script in the stock alone, by one under the sale's lock, or in " +
    "the database, without the stock",
});
const fallback = z
  .enum(["database"])
  .nullable()
  .openapi({ description: "What the sale is sold from while its stock cannot be reached" });

/** What creates a sale. */
export const saleTerms = z
  .strictObject({
    productId,
    name,
    price: money,
    stock: z.int().min(1).max(limits.stockMax).transform(units),
    startsAt: startsAt.nullable().default(null),
    endsAt: endsAt.nullable().default(null),
    perBuyerLimit: z.int().min(1).max(limits.perBuyerLimitMax).default(1).transform(units),
    rateLimit: rateLimit.default({ perSecond: 1_000, burst: 1_000, adaptive: null }),
    paymentWindowSeconds: paymentWindowSeconds.default(900),
    buckets: z.int().min(1).max(limits.bucketsMax).default(1),
    strategy: strategy.default("atomic"),
    fallback: fallback.default(null),
    board: board.default({ score: "time" }),
  })
  .openapi("NewSale");

/** What changes a sale: any of these. */
export const saleChange = z
  .strictObject({
    name: name.optional(),
    price: money.optional(),
    startsAt: startsAt.nullable().optional(),
    endsAt: endsAt.nullable().optional(),
    rateLimit: rateChange.optional(),
    paymentWindowSeconds: paymentWindowSeconds.optional(),
    board: board.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must name at least one field to change")
  .openapi("SaleChange", { minProperties: 1 });

export const restockBody = z
  .strictObject({ add: z.int().min(1).max(limits.stockMax).transform(units) })
  .openapi("Restock");

export const saleAnswer = z
  .strictObject({
    id: z.string(),
    productId: z.string(),
    name: z.string(),
    price: money,
    state: z.enum(["scheduled", "open", "paused", "closed"]),
    startsAt: timeText.nullable(),
    endsAt: timeText.nullable(),
    stock: z.int().min(0).openapi({ description: "Units in all, restocks included" }),
    remaining: z.int().min(0).openapi({ description: "Units that can still be bought" }),
    perBuyerLimit: z.int().min(1),
    serverTime: timeText,
    rateLimit,
    paymentWindowSeconds,
    buckets: z.int().min(1),
    strategy: z.enum(["atomic", "locked", "database"]),
    fallback,
    mode: z
      .enum(["stock", "switching", "ledger"])
      .openapi({ description: "Where units are taken from just now" }),
    board,
    version: z.int().min(0).openapi({ description: "Grows with every change; also the ETag" }),
    createdAt: timeText,
  })
  .openapi("Sale");

export const salePage = page(saleAnswer).openapi("SalePage");

export type SaleTermsBody = z.output<typeof saleTerms>;
export type SaleChangeBody = z.output<typeof saleChange>;
export type SaleAnswer = z.output<typeof saleAnswer>;
