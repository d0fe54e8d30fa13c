/** Sales between their domain form and what clients write and read. */
import type { Instant } from "../domain/ids.ts";
import { formatMoney, type Money, type MoneyText, parseMoney } from "../domain/money.ts";
import { type Sale, type SaleChange, type SaleTerms, stateAt } from "../domain/sale.ts";
import { assert } from "../lib/assert.ts";
import type { StockLevel } from "../ports/stock-store.ts";
import { isoTime, isoTimeOfMoment, isoTimeOrNull } from "./iso-time.ts";
import type { SaleAnswer, SaleChangeBody, SaleTermsBody } from "./schemas/sale.ts";

/** What is left of a sale whose stock is not loaded is what the ledger gave it. */
export function saleView(sale: Sale, level: StockLevel | null, now: Instant): SaleAnswer {
  return {
    id: sale.id,
    productId: sale.productId,
    name: sale.name,
    price: formatMoney(sale.price),
    state: stateAt(sale, now),
    startsAt: isoTimeOrNull(sale.startsAt),
    endsAt: isoTimeOrNull(sale.endsAt),
    stock: sale.stock,
    remaining: level === null ? sale.stock : level.remaining,
    perBuyerLimit: sale.perBuyerLimit,
    serverTime: isoTimeOfMoment(now),
    rateLimit: sale.rateLimit,
    paymentWindowSeconds: sale.paymentWindowSeconds,
    buckets: sale.buckets,
    strategy: sale.strategy,
    board: sale.board,
    version: sale.version,
    createdAt: isoTime(sale.createdAt),
  };
}

/** The entity tag of a sale: its version. */
export function entityTag(sale: Pick<Sale, "version">): string {
  return `"${sale.version}"`;
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
    ...(body.rateLimit !== undefined && { rateLimit: body.rateLimit }),
    ...(body.paymentWindowSeconds !== undefined && {
      paymentWindowSeconds: body.paymentWindowSeconds,
    }),
    ...(body.board !== undefined && { board: body.board }),
  };
}

/** The schema has seen the text; what it lets pass is money. */
function moneyOf(text: MoneyText): Money {
  const money = parseMoney(text);
  assert(money.ok, `the schema let pass what is no money: ${text.amount} ${text.currency}`);
  return money.value;
}
