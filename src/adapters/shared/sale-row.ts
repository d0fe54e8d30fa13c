/** A sale as every SQL store writes it, in columns of the same names. */
import { type Instant, instant, saleIdOf, units } from "../../domain/ids.ts";
import type {
  AdaptiveRate,
  BoardScore,
  Sale,
  SaleState,
  SaleTerms,
  SellingMode,
  Strategy,
} from "../../domain/sale.ts";

export interface SaleRow {
  readonly number: number;
  readonly product_id: string;
  readonly name: string;
  readonly price_minor_units: number;
  readonly currency: string;
  readonly starts_at: Instant | null;
  readonly ends_at: Instant | null;
  readonly per_buyer_limit: number;
  readonly rate_per_second: number;
  readonly rate_burst: number;
  /** As JSON. */
  readonly adaptive: string | null;
  readonly payment_window_seconds: number;
  readonly buckets: number;
  readonly strategy: Strategy;
  readonly fallback: SaleTerms["fallback"];
  readonly board_score: BoardScore;
  readonly state: SaleState;
  readonly version: number;
  readonly created_at: number;
  /** The ledger's. */
  readonly total: number;
  readonly mode: SellingMode;
}

/** The columns that may change, as named parameters. */
export function termColumns(terms: SaleTerms) {
  return {
    name: terms.name,
    priceMinorUnits: terms.price.minorUnits,
    currency: terms.price.currency,
    startsAt: terms.startsAt,
    endsAt: terms.endsAt,
    ratePerSecond: terms.rateLimit.perSecond,
    rateBurst: terms.rateLimit.burst,
    adaptive: adaptiveText(terms.rateLimit.adaptive),
    paymentWindowSeconds: terms.paymentWindowSeconds,
    boardScore: terms.board.score,
  };
}

function adaptiveText(adaptive: AdaptiveRate | null): string | null {
  if (adaptive === null) return null;
  const { floorPerSecond, lagTargetMs, reserveTargetMs } = adaptive;
  return JSON.stringify({ floorPerSecond, lagTargetMs, reserveTargetMs });
}

export function insertColumns(terms: SaleTerms, now: Instant) {
  const { productId, perBuyerLimit, buckets, strategy, fallback } = terms;
  const fixed = { productId, perBuyerLimit, buckets, strategy, fallback };
  return { ...termColumns(terms), ...fixed, createdAt: now };
}

export function toSale(row: SaleRow): Sale {
  return {
    id: saleIdOf(row.number),
    productId: row.product_id,
    name: row.name,
    price: { minorUnits: row.price_minor_units, currency: row.currency },
    stock: units(row.total),
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    perBuyerLimit: units(row.per_buyer_limit),
    rateLimit: {
      perSecond: row.rate_per_second,
      burst: row.rate_burst,
      adaptive: row.adaptive === null ? null : (JSON.parse(row.adaptive) as AdaptiveRate),
    },
    paymentWindowSeconds: row.payment_window_seconds,
    buckets: row.buckets,
    strategy: row.strategy,
    fallback: row.fallback,
    mode: row.strategy === "database" ? "ledger" : row.mode,
    board: { score: row.board_score },
    state: row.state,
    version: row.version,
    createdAt: instant(row.created_at),
  };
}
