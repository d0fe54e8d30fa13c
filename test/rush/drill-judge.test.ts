// The judge of drills: a history that keeps every promise, and what is said of it when one answer,
// one row or one number is different.
import { describe, expect, test } from "bun:test";
import type { AdminCall, Fact, PurchaseCall, StoredFact } from "../../scripts/drill/history.ts";
import { judge } from "../../scripts/drill/judge.ts";

const sale = "s1";
const acceptedAt = "2027-01-15T08:00:00.000Z";

interface Told {
  readonly buyer: string;
  readonly at: number;
  readonly outcome: string;
  readonly id?: string;
  readonly key?: string;
  readonly forMs?: number;
}

function call({ buyer, at, outcome, id, key = "k", forMs = 10 }: Told): PurchaseCall {
  const order = id === undefined ? {} : { order: { id, quantity: 1, acceptedAt } };
  const times = { calledAt: at, answeredAt: at + forMs };
  return { type: "purchase", sale, buyer, key, quantity: 1, outcome, ...times, ...order };
}

function admin(action: AdminCall["action"], at: number, more: Partial<AdminCall> = {}): AdminCall {
  const times = { calledAt: at, answeredAt: at + 10 };
  return { type: "admin", sale, action, outcome: "done", ...times, ...more };
}

const row = (id: string, buyerId: string, requestKey = "k") => ({
  ...{ id, buyerId, requestKey, quantity: 1, status: "placed" },
});

/** Two units: a and b get them, c is refused; then a restock for c. */
const calls = [
  call({ buyer: "a", at: 2_000, outcome: "accepted", id: "A" }),
  call({ buyer: "b", at: 2_010, outcome: "lost" }),
  call({ buyer: "b", at: 2_100, outcome: "accepted", id: "B" }),
  call({ buyer: "c", at: 2_200, outcome: "sold-out" }),
  call({ buyer: "c", at: 3_200, outcome: "accepted", id: "C" }),
  call({ buyer: "a", at: 3_300, outcome: "buyer-limit-reached", key: "other" }),
  call({ buyer: "d", at: 6_000, outcome: "sale-paused" }),
  call({ buyer: "d", at: 9_500, outcome: "sale-ended" }),
];
const actions = [
  admin("open", 0),
  admin("restock", 3_000, { key: "r", added: 1 }),
  admin("pause", 4_000),
  admin("resume", 7_000),
  admin("close", 8_000),
];
const stored: StoredFact = {
  ...{ type: "stored", sale, total: 3, sold: 3, refused: [] },
  orders: [row("A", "a"), row("B", "b"), row("C", "c")],
  audit: { ok: true, pending: 0 },
};

function kinds(over: {
  readonly calls?: readonly PurchaseCall[];
  readonly admin?: readonly AdminCall[];
  readonly stored?: Partial<StoredFact>;
  readonly more?: readonly Fact[];
}): string[] {
  const facts: Fact[] = [
    { type: "sale", sale, stock: 2, limit: 1, terms: "atomic" },
    ...(over.calls ?? calls),
    ...(over.admin ?? actions),
    { ...stored, ...over.stored },
    ...(over.more ?? []),
  ];
  return [...new Set(judge(facts).map(({ kind }) => kind))].sort();
}

const without = (at: number) => calls.toSpliced(at, 1);
const instead = (at: number, told: Told) => calls.toSpliced(at, 1, call(told));
const rows = (...orders: StoredFact["orders"]) => ({ orders, sold: orders.length });

test("a history in which every promise was kept is not complained about", () => {
  expect(kinds({})).toEqual([]);
});

describe("the judge says so when", () => {
  const cases: readonly (readonly [string, string, Parameters<typeof kinds>[0]])[] = [
    ["an accepted order has no row", "lost-order", { stored: rows(row("A", "a"), row("B", "b")) }],
    [
      "an accepted order was refused",
      "refused-after-accepted",
      {
        stored: { orders: [row("A", "a"), row("B", "b"), { ...row("C", "c"), status: "refused" }] },
      },
    ],
    [
      "a key has two orders",
      "doubled-order",
      { stored: { orders: [...stored.orders, row("D", "c")] } },
    ],
    [
      "a buyer has too much",
      "over-limit",
      { stored: { orders: [...stored.orders, row("D", "a", "x")] } },
    ],
    ["more was sold than there is", "oversold", { stored: { total: 2 } }],
    ["the ledger counts other units than its orders", "ledger-differs", { stored: { sold: 2 } }],
    ["a restock is not in the ledger", "stock-differs", { stored: { total: 2 } }],
    [
      "the engine's own audit fails",
      "audit-failed",
      { stored: { audit: { ok: null, pending: 1 } } },
    ],
    [
      "one key had two answers",
      "two-orders-for-one-key",
      { calls: [...calls, call({ buyer: "a", at: 2_500, outcome: "accepted", id: "A2" })] },
    ],
    ["nobody asked for an order", "phantom-order", { calls: without(4) }],
    [
      "an accepted key was forgotten",
      "order-forgotten",
      { calls: [...calls, call({ buyer: "a", at: 2_900, outcome: "sold-out" })] },
    ],
    [
      "sold out was said while units were free",
      "false-sold-out",
      { calls: instead(3, { buyer: "c", at: 1_500, outcome: "sold-out" }) },
    ],
    [
      "the limit was said to one who had nothing",
      "false-limit",
      { calls: instead(5, { buyer: "e", at: 3_300, outcome: "buyer-limit-reached" }) },
    ],
    [
      "paused was said before the pause",
      "false-sale-paused",
      { calls: instead(6, { buyer: "d", at: 3_500, outcome: "sale-paused" }) },
    ],
    [
      "ended was said before the close",
      "false-sale-ended",
      { calls: instead(7, { buyer: "d", at: 7_500, outcome: "sale-ended" }) },
    ],
    [
      "not open was said long after the opening",
      "false-sale-not-open",
      { calls: instead(7, { buyer: "d", at: 3_000, outcome: "sale-not-open" }) },
    ],
    [
      "something was sold while the sale was paused",
      "sold-while-shut",
      { calls: instead(4, { buyer: "c", at: 5_500, outcome: "accepted", id: "C" }) },
    ],
    [
      "an answer was none that there should be",
      "unexpected-answer",
      { calls: [...calls, call({ buyer: "f", at: 2_500, outcome: "internal" })] },
    ],
    [
      "a process died by itself",
      "died",
      { more: [{ type: "wrong", kind: "died", detail: "api-0" }] },
    ],
  ];
  test.each(cases)("%s: %s", (_, kind, over) => {
    expect(kinds(over)).toContain(kind);
  });
});

describe("the judge says nothing when", () => {
  const cases: readonly (readonly [string, Parameters<typeof kinds>[0]])[] = [
    [
      "sold out was true for a moment",
      { calls: instead(3, { buyer: "c", at: 2_050, outcome: "sold-out" }) },
    ],
    [
      "a pause may still hold, a moment after the resume",
      { calls: instead(6, { buyer: "d", at: 7_500, outcome: "sale-paused" }) },
    ],
    [
      "a restock whose answer was lost did not happen, or did",
      { admin: [...actions, admin("restock", 3_500, { key: "q", added: 9, outcome: "unknown" })] },
    ],
    [
      "an order was sold that was asked for before the pause",
      { calls: instead(4, { buyer: "c", at: 3_990, outcome: "accepted", id: "C", forMs: 1_400 }) },
    ],
  ];
  test.each(cases)("%s", (_, over) => {
    expect(kinds(over)).toEqual([]);
  });
});
