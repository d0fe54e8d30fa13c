/** Sales between their domain form and what clients write and read. */
import type { Instant } from "../domain/ids.ts";
import { formatMoney, type Money, type MoneyText, parseMoney } from "../domain/money.ts";
import {
  type Sale,
  type SaleChange,
  type SaleRate,
  type SaleTerms,
  stateAt,
} from "../domain/sale.ts";
import { assert } from "../lib/assert.ts";
import type { StockLevel } from "../ports/stock-store.ts";
import { isoTime, isoTimeOfMoment, isoTimeOrNull } from "./iso-time.ts";
import type { SaleAnswer, SaleChangeBody, SaleTermsBody } from "./schemas/sale.ts";

/** A sale that has not opened has all of its stock; one whose stock is not loaded sells nothing. */
export function saleView(sale: Sale, level: StockLevel | null, now: Instant): SaleAnswer {
  const state = stateAt(sale, now);
  return {
    id: sale.id,
    productId: sale.productId,
    name: sale.name,
    price: formatMoney(sale.price),
    state,
    startsAt: isoTimeOrNull(sale.startsAt),
    endsAt: isoTimeOrNull(sale.endsAt),
    stock: sale.stock,
    remaining: level?.remaining ?? (state === "scheduled" ? sale.stock : 0),
    perBuyerLimit: sale.perBuyerLimit,
    serverTime: isoTimeOfMoment(now),
    rateLimit: sale.rateLimit,
    paymentWindowSeconds: sale.paymentWindowSeconds,
    buckets: sale.buckets,
    strategy: sale.strategy,
    fallback: sale.fallback,
    mode: sale.mode,
    board: sale.board,
    version: sale.version,
    createdAt: isoTime(sale.createdAt),
  };
}

export function termsOf(body: SaleTermsBody): SaleTerms {
  return { ...body, price: moneyOf(body.price) };
}

export function changeOf({ price, ...body }: SaleChangeBody): SaleChange {
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(price !== undefined && { price: moneyOf(price) }),
    ...(body.startsAt !== undefined && { startsAt: body.startsAt }),
    ...(body.endsAt !== undefined && { endsAt: body.endsAt }),
    ...(body.rateLimit !== undefined && { rateLimit: rateOf(body.rateLimit) }),
    ...(body.paymentWindowSeconds !== undefined && {
      paymentWindowSeconds: body.paymentWindowSeconds,
    }),
    ...(body.board !== undefined && { board: body.board }),
  };
}

function rateOf(change: NonNullable<SaleChangeBody["rateLimit"]>): Partial<SaleRate> {
  const { perSecond, burst, adaptive } = change;
  return {
    ...(perSecond !== undefined && { perSecond }),
    ...(burst !== undefined && { burst }),
    ...(adaptive !== undefined && { adaptive }),
  };
}

/** The schema has seen the text; what it lets pass is money. */
function moneyOf(text: MoneyText): Money {
  const money = parseMoney(text);
  assert(money.ok, `the schema let pass what is no money: ${text.amount} ${text.currency}`);
  return money.value;
}
