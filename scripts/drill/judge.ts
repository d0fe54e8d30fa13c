// The verdict on a drill: what every client was answered, and when, against what the database says
// in the end. Pure, and without a line of the engine's.

import {
  checkOrders,
  type StoredOrder,
  type Violation as StoredViolation,
} from "../../src/rush/checker.ts";
import { freeUnits } from "./free-units.ts";
import type { AdminCall, Fact, PurchaseCall, SaleFact, StoredFact } from "./history.ts";
import { type Hold, holdsOf, keyOf, mayHaveTaken, saysKeyUnknown } from "./holds.ts";
import { saleStates } from "./sale-states.ts";

export interface Violation {
  readonly kind: string;
  readonly sale: string;
  readonly detail: string;
}

interface SaleHistory {
  readonly sale: SaleFact;
  readonly calls: readonly PurchaseCall[];
  readonly admin: readonly AdminCall[];
  readonly stored: StoredFact;
}

export function judge(facts: readonly Fact[]): Violation[] {
  const of = <T extends Fact["type"]>(type: T) =>
    facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  const calls = Map.groupBy(of("purchase"), ({ sale }) => sale);
  const admin = Map.groupBy(of("admin"), ({ sale }) => sale);
  const stored = new Map(of("stored").map((fact) => [fact.sale, fact]));
  const wrong = of("wrong").map(({ kind, detail }) => ({ kind, sale: "", detail }));
  const ofSales = of("sale").flatMap((sale) => {
    const end = stored.get(sale.sale);
    if (end === undefined) return [at(sale.sale, "not-read", "nobody read what became of it")];
    const [bought, administered] = [calls.get(sale.sale) ?? [], admin.get(sale.sale) ?? []];
    return judgeSale({ sale, calls: bought, admin: administered, stored: end });
  });
  return [...wrong, ...ofSales];
}

function judgeSale(history: SaleHistory): Violation[] {
  const { stored, sale, calls } = history;
  const live = new Map(stored.orders.filter(isLive).map((row) => [keyOfRow(row), row]));
  const holds = holdsOf(calls, live);
  return [
    ...judgeAudit(stored),
    ...judgeOrders(history).map(({ kind, detail }) => at(sale.sale, kind, detail)),
    ...judgeTotal(history),
    ...judgeRows(history, live, holds),
    ...judgeAnswers(history),
    ...judgeRefusals(history, holds),
    ...judgeShut(history, live),
  ];
}

function judgeAudit({ sale, audit }: StoredFact): Violation[] {
  const holds = audit.ok === true && audit.pending === 0;
  return holds ? [] : [at(sale, "audit-failed", JSON.stringify(audit))];
}

/** Nothing lost, doubled, oversold, over the limit; one answer for one key. */
function judgeOrders({ sale, calls, stored }: SaleHistory): StoredViolation[] {
  const receipts = calls.flatMap(({ buyer, key, quantity: asked, outcome, order }) => {
    if (order === undefined) return [];
    const { id: orderId, quantity, acceptedAt } = order;
    const who = { buyerId: buyer, requestKey: key };
    return [{ ...who, asked, orderId, quantity, acceptedAt, status: outcome }];
  });
  const gone = new Set(stored.refused);
  const refused = new Map(
    receipts
      .filter(({ orderId }) => gone.has(orderId))
      .map(({ orderId: id, asked: quantity, buyerId, requestKey }) => [
        id,
        { id, buyerId, requestKey, quantity, status: "refused" },
      ]),
  );
  const orders = [...stored.orders, ...refused.values()];
  const rows = { source: "tables", orders, sold: stored.sold } as const;
  const terms = { stock: stored.total, perBuyerLimit: sale.limit };
  return checkOrders({ receipts, refusals: [], ...terms, stored: rows });
}

/** Every restock that was answered counts, once; one whose answer was lost may. */
function judgeTotal({ sale, admin, stored }: SaleHistory): Violation[] {
  const restocks = admin.filter(
    ({ action, outcome }) => action === "restock" && outcome !== "refused",
  );
  let [least, most] = [sale.stock, sale.stock];
  for (const ofKey of Map.groupBy(restocks, ({ key }) => key).values()) {
    const added = ofKey[0]?.added ?? 0;
    most += added;
    if (ofKey.some(({ outcome }) => outcome === "done")) least += added;
  }
  if (stored.total >= least && stored.total <= most) return [];
  const detail = `${stored.total} units in the ledger, ${least} to ${most} by the restocks`;
  return [at(sale.sale, "stock-differs", detail)];
}

/** No order that nobody asked for, or that all who asked for were refused. */
function judgeRows(
  { sale, calls }: SaleHistory,
  live: ReadonlyMap<string, StoredOrder>,
  holds: ReadonlyMap<string, Hold>,
): Violation[] {
  return [...live].flatMap(([name, row]) => {
    const hold = holds.get(name);
    if (hold?.quantity === row.quantity) return [];
    const asked = calls.filter((call) => keyOf(call) === name).map(({ outcome }) => outcome);
    const answers = asked.join(", ") || "nobody asked";
    const detail = `${row.id} of key ${row.requestKey}: ${answers}`;
    return [at(sale.sale, "phantom-order", detail)];
  });
}

/** Answers that nobody should get, and keys that were forgotten. */
function judgeAnswers({ sale, calls }: SaleHistory): Violation[] {
  const acceptedAt = new Map<string, number>();
  for (const call of calls) {
    if (call.outcome !== "accepted") continue;
    const before = acceptedAt.get(keyOf(call)) ?? Number.POSITIVE_INFINITY;
    acceptedAt.set(keyOf(call), Math.min(before, call.answeredAt));
  }
  return calls.flatMap((call) => {
    if (call.order === undefined && mayHaveTaken(call) && !unknown.has(call.outcome)) {
      return [at(sale.sale, "unexpected-answer", `${call.outcome} to key ${call.key}`)];
    }
    const known = (acceptedAt.get(keyOf(call)) ?? Number.POSITIVE_INFINITY) < call.calledAt;
    if (!known || !saysKeyUnknown(call)) return [];
    return [
      at(sale.sale, "order-forgotten", `${call.outcome} to key ${call.key}, accepted before`),
    ];
  });
}

const unknown = new Set(["lost", "outcome-unknown"]);

const shutStates = {
  "sale-paused": "paused",
  "sale-ended": "ended",
  "sale-not-open": "not-open",
} as const;

/** What a refusal claims was true at some moment between the call and its answer. */
function judgeRefusals(
  { sale, calls, admin }: SaleHistory,
  holds: ReadonlyMap<string, Hold>,
): Violation[] {
  const states = saleStates(admin);
  const free = freeUnits(sale, admin, holds.values());
  const holdsOfBuyer = Map.groupBy(holds.values(), ({ buyer }) => buyer);
  return calls.flatMap((call) => {
    const { outcome, calledAt, answeredAt, quantity, buyer, key } = call;
    const name = `key ${key}, asked ${iso(calledAt)}, answered after ${answeredAt - calledAt} ms`;
    if (outcome === "sold-out") {
      const least = free(calledAt, answeredAt);
      if (least < quantity) return [];
      return [at(sale.sale, "false-sold-out", `${name}: at least ${least} were free`)];
    }
    if (outcome === "buyer-limit-reached") {
      const held = (holdsOfBuyer.get(buyer) ?? [])
        .filter((hold) => hold.key !== key && hold.from <= answeredAt && hold.to >= calledAt)
        .reduce((sum, hold) => sum + hold.quantity, 0);
      if (held + quantity > sale.limit) return [];
      return [at(sale.sale, "false-limit", `${name}: ${buyer} held at most ${held}`)];
    }
    const state = shutStates[outcome as keyof typeof shutStates];
    if (state === undefined || states.mayBe(state, calledAt, answeredAt)) return [];
    return [at(sale.sale, `false-${outcome}`, name)];
  });
}

/** Nothing is sold while a sale is shut. */
function judgeShut(
  { sale, calls, admin }: SaleHistory,
  live: ReadonlyMap<string, StoredOrder>,
): Violation[] {
  const states = saleStates(admin);
  const taking = Map.groupBy(calls.filter(mayHaveTaken), keyOf);
  return [...live.keys()].flatMap((name) => {
    const ofKey = taking.get(name) ?? [];
    const from = Math.min(...ofKey.map(({ calledAt }) => calledAt));
    const receipts = ofKey.filter(({ order }) => order !== undefined);
    const to = Math.min(...receipts.map(({ answeredAt }) => answeredAt));
    if (receipts.length === 0 || !states.mustBeShut(from, to)) return [];
    const key = ofKey[0]?.key;
    return [at(sale.sale, "sold-while-shut", `key ${key}, asked for ${iso(from)} at first`)];
  });
}

function isLive({ status }: StoredOrder): boolean {
  return status !== "refused";
}

function keyOfRow({ buyerId: buyer, requestKey: key }: StoredOrder): string {
  return keyOf({ buyer, key });
}

function at(sale: string, kind: string, detail: string): Violation {
  return { kind, sale, detail };
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
