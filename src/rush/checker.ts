/** The second verdict: compares what the clients saw with the orders that are really there. It
 *  shares no code with the engine's audit and reads the tables with its own SQL, so that one
 *  mistake cannot hide in both. */
import type { Receipt, Refusal } from "./witness.ts";

export type ViolationKind =
  | "lost-order"
  | "refused-after-accepted"
  | "order-differs"
  | "doubled-order"
  | "over-limit"
  | "oversold"
  | "ledger-differs"
  | "two-orders-for-one-key"
  | "answer-changed"
  | "order-forgotten"
  | "false-sold-out"
  | "false-limit";

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
}

export interface StoredOrder {
  readonly id: string;
  readonly buyerId: string;
  readonly requestKey: string;
  readonly quantity: number;
  readonly status: string;
}

/** What is known to be stored: every row when the tables could be read, else what the API shows of
 *  the receipts' orders. */
export interface StoredSale {
  readonly source: "tables" | "http";
  readonly orders: readonly StoredOrder[];
  /** Units sold as the ledger counts them. */
  readonly sold: number;
}

export interface Evidence {
  readonly receipts: readonly Receipt[];
  readonly refusals: readonly Refusal[];
  readonly stock: number;
  readonly perBuyerLimit: number;
  readonly stored: StoredSale;
  /** The server died in between. A reservation that was not durable yet died with it, and with it
   *  the reason why another request of its buyer had been refused: `false-limit` cannot be told. */
  readonly crashed?: boolean;
}

export interface CheckerVerdict {
  readonly ok: boolean;
  readonly source: "tables" | "http";
  readonly receipts: number;
  readonly orders: number;
  readonly violations: readonly Violation[];
}

export function check(evidence: Evidence): CheckerVerdict {
  const { stored, receipts } = evidence;
  const violations = [...checkOrders(evidence), ...checkRefusals(evidence)];
  return {
    ok: violations.length === 0,
    source: stored.source,
    receipts: receipts.length,
    orders: stored.orders.length,
    violations,
  };
}

/** All but the refusals, which need a stock that only ever shrinks to be judged without times. */
export function checkOrders(evidence: Evidence): Violation[] {
  return [
    ...checkReceipts(evidence),
    ...checkAnswers(evidence),
    ...checkRows(evidence),
    ...checkUnits(evidence),
  ];
}

/** Every 202 ever received is an order that is there, once, and says the same. */
function checkReceipts({ receipts, stored }: Evidence): Violation[] {
  const rowsOf = groupBy(stored.orders, (order) => order.id);
  return receipts.flatMap((receipt) => {
    const [row, ...more] = rowsOf.get(receipt.orderId) ?? [];
    const name = `order ${receipt.orderId} of ${receipt.buyerId}`;
    if (row === undefined) return [violation("lost-order", `${name} was answered, not stored`)];
    if (more.length > 0) return [violation("doubled-order", `${name} is stored twice`)];
    if (row.status === "refused" && receipt.status === "accepted") {
      return [violation("refused-after-accepted", `${name} was accepted, then refused`)];
    }
    return differs(receipt, row) ? [violation("order-differs", `${name}: ${show(row)}`)] : [];
  });
}

/** One key, one order, one answer; `reserved` may become `accepted`, nothing else may change. A
 *  reservation that ended in a refusal counts for nothing: its key may be used again. */
function checkAnswers({ receipts, stored }: Evidence): Violation[] {
  const refused = new Set(stored.orders.filter((order) => !isLive(order)).map(({ id }) => id));
  const kept = receipts.filter(
    ({ status, orderId }) => status === "accepted" || !refused.has(orderId),
  );
  return [...groupBy(kept, keyOf).values()].flatMap(([first, ...repeats]) =>
    repeats.flatMap((repeat) => {
      if (first === undefined) return [];
      const name = `key ${repeat.requestKey}`;
      if (repeat.orderId !== first.orderId) {
        const ids = `${first.orderId} and ${repeat.orderId}`;
        return [violation("two-orders-for-one-key", `${name} was given orders ${ids}`)];
      }
      const same = repeat.quantity === first.quantity && repeat.acceptedAt === first.acceptedAt;
      return same ? [] : [violation("answer-changed", `${name}: ${show(first)}, ${show(repeat)}`)];
    }),
  );
}

/** No request key with two live orders, no buyer above the limit. */
function checkRows({ stored, perBuyerLimit }: Evidence): Violation[] {
  const doubled = [...groupBy(stored.orders.filter(isLive), keyOf).values()]
    .filter((rows) => new Set(rows.map((row) => row.id)).size > 1)
    .map((rows) => violation("doubled-order", `one key, ${rows.length} orders: ${show(rows[0])}`));
  const over = [...unitsByBuyer(stored.orders)]
    .filter(([, units]) => units > perBuyerLimit)
    .map(([buyer, units]) => violation("over-limit", `${buyer}: ${units} of ${perBuyerLimit}`));
  return [...doubled, ...over];
}

/** Units in live orders ≤ stock, and as many as the ledger says (at most as many, where only our
 *  orders can be seen). */
function checkUnits({ stored, stock }: Evidence): Violation[] {
  const units = total(stored.orders.filter(isLive));
  const most = Math.max(units, stored.sold);
  const oversold = most > stock ? [violation("oversold", `${most} units of ${stock}`)] : [];
  const agrees = stored.source === "tables" ? units === stored.sold : units <= stored.sold;
  if (agrees) return oversold;
  const detail = `the ledger says ${stored.sold} units, the orders say ${units}`;
  return [...oversold, violation("ledger-differs", detail)];
}

/** A refusal claims something: that the stock or the buyer's share is used up, and that there is no
 *  order yet. */
function checkRefusals(evidence: Evidence): Violation[] {
  const { refusals, stored, crashed = false } = evidence;
  // What an order that ended in a refusal held for a while may have been the reason.
  if (stored.orders.some((order) => !isLive(order))) return forgotten(refusals);
  // Over HTTP an order whose answer was lost cannot be seen, though it counts towards the limit.
  const limitsCanBeTold = stored.source === "tables" && !crashed;
  const falseLimits = limitsCanBeTold ? falselyLimited(evidence) : [];
  return [...forgotten(refusals), ...falselySoldOut(evidence), ...falseLimits];
}

function falselySoldOut({ refusals, stored, stock }: Evidence): Violation[] {
  const left = stock - stored.sold;
  return refusals
    .filter((refusal) => refusal.code === "sold-out" && refusal.asked <= left)
    .map(({ buyerId }) => violation("false-sold-out", `${buyerId}, but ${left} units are left`));
}

function falselyLimited({ refusals, stored, perBuyerLimit }: Evidence): Violation[] {
  const unitsOf = unitsByBuyer(stored.orders);
  return refusals
    .filter((refusal) => refusal.code === "buyer-limit-reached")
    .filter(({ buyerId, asked }) => (unitsOf.get(buyerId) ?? 0) + asked <= perBuyerLimit)
    .map(({ buyerId }) => violation("false-limit", `${buyerId} has ${unitsOf.get(buyerId) ?? 0}`));
}

function forgotten(refusals: readonly Refusal[]): Violation[] {
  return refusals
    .filter((refusal) => refusal.orderKnown)
    .map(({ requestKey, code }) => violation("order-forgotten", `key ${requestKey}: ${code}`));
}

function isLive(order: StoredOrder): boolean {
  return order.status !== "refused" && order.status !== "cancelled" && order.status !== "expired";
}

function differs(receipt: Receipt, row: StoredOrder): boolean {
  return (
    receipt.buyerId !== row.buyerId ||
    receipt.requestKey !== row.requestKey ||
    receipt.asked !== row.quantity ||
    receipt.quantity !== row.quantity
  );
}

function unitsByBuyer(orders: readonly StoredOrder[]): Map<string, number> {
  const groups = groupBy(orders.filter(isLive), (order) => order.buyerId);
  return new Map([...groups].map(([buyerId, rows]) => [buyerId, total(rows)]));
}

function total(orders: readonly StoredOrder[]): number {
  return orders.reduce((units, order) => units + order.quantity, 0);
}

function keyOf({ buyerId, requestKey }: { buyerId: string; requestKey: string }): string {
  return `${buyerId}\n${requestKey}`;
}

function groupBy<T>(items: readonly T[], keyFor: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, keyFor);
}

function violation(kind: ViolationKind, detail: string): Violation {
  return { kind, detail };
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
