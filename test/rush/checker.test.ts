// The checker must be able to fail: one broken piece of evidence for each kind of violation.

import { expect, test } from "bun:test";
import {
  check,
  type Evidence,
  type StoredOrder,
  type ViolationKind,
} from "../../src/rush/checker.ts";
import type { Receipt, Refusal } from "../../src/rush/witness.ts";

const row = (buyer: number, changes: Partial<StoredOrder> = {}): StoredOrder => ({
  id: `order-${buyer}`,
  buyerId: `buyer-${buyer}`,
  requestKey: `key-${buyer}`,
  quantity: 1,
  status: "placed",
  ...changes,
});

const receipt = (buyer: number, changes: Partial<Receipt> = {}): Receipt => ({
  orderId: `order-${buyer}`,
  buyerId: `buyer-${buyer}`,
  requestKey: `key-${buyer}`,
  asked: 1,
  quantity: 1,
  status: "accepted",
  acceptedAt: "2026-01-01T00:00:00.000Z",
  ...changes,
});

const refusal = (code: string, changes: Partial<Refusal> = {}): Refusal => ({
  code,
  buyerId: "buyer-9",
  requestKey: "key-9",
  asked: 1,
  orderKnown: false,
  ...changes,
});

interface Changes {
  readonly receipts?: readonly Receipt[];
  readonly refusals?: readonly Refusal[];
  readonly orders?: readonly StoredOrder[];
  readonly sold?: number;
  readonly source?: "tables" | "http";
  readonly perBuyerLimit?: number;
  readonly crashed?: boolean;
}

/** Three units, three buyers, all as it should be. */
function evidence(changes: Changes = {}): Evidence {
  const { orders = [row(1), row(2), row(3)], source = "tables" } = changes;
  const sold = changes.sold ?? orders.reduce((sum, order) => sum + order.quantity, 0);
  return {
    receipts: changes.receipts ?? [receipt(1), receipt(2), receipt(3)],
    refusals: changes.refusals ?? [refusal("sold-out")],
    stock: 3,
    perBuyerLimit: changes.perBuyerLimit ?? 1,
    stored: { source, orders, sold },
    crashed: changes.crashed ?? false,
  };
}

function kindsFoundIn(changes: Changes): ViolationKind[] {
  return [...new Set(check(evidence(changes)).violations.map(({ kind }) => kind))];
}

const broken: readonly [string, ViolationKind[], Changes][] = [
  [
    "an accepted order that is not stored",
    ["lost-order"],
    { receipts: [receipt(1), receipt(2), receipt(3), receipt(4)] },
  ],
  [
    "an accepted order that was refused",
    ["refused-after-accepted"],
    { orders: [row(1), row(2), row(3, { status: "refused" })], sold: 2 },
  ],
  [
    "an order stored for somebody else",
    ["order-differs"],
    { orders: [row(1), row(2), row(3, { buyerId: "buyer-7" })] },
  ],
  [
    "an order stored twice",
    ["doubled-order", "over-limit"],
    { orders: [row(1), row(2), row(2)], receipts: [receipt(1), receipt(2)] },
  ],
  [
    "two orders for one key",
    ["doubled-order", "over-limit"],
    {
      orders: [row(1), row(2), row(2, { id: "order-2b" })],
      receipts: [receipt(1), receipt(2)],
    },
  ],
  [
    "a buyer with more than the limit",
    ["over-limit"],
    {
      orders: [row(1), row(2), row(3, { buyerId: "buyer-2" })],
      receipts: [receipt(1), receipt(2), receipt(3, { buyerId: "buyer-2" })],
    },
  ],
  ["more units than the stock", ["oversold"], { orders: [row(1), row(2), row(3), row(4)] }],
  ["a ledger that counts less", ["ledger-differs", "false-sold-out"], { sold: 2 }],
  ["a ledger that counts too much", ["oversold", "ledger-differs"], { sold: 4 }],
  [
    "a key that was given two orders",
    ["two-orders-for-one-key"],
    {
      receipts: [receipt(1), receipt(1, { orderId: "order-1b" })],
      orders: [row(1), row(4, { id: "order-1b", buyerId: "buyer-1", requestKey: "key-1" })],
      perBuyerLimit: 2,
      refusals: [],
    },
  ],
  [
    "a retry with another answer",
    ["answer-changed"],
    { receipts: [receipt(1), receipt(1, { acceptedAt: "2026-01-01T00:00:01.000Z" })] },
  ],
  [
    "a refusal for a key that has an order",
    ["order-forgotten"],
    { refusals: [refusal("sold-out", { orderKnown: true })] },
  ],
  [
    "sold out, though a unit is left",
    ["false-sold-out"],
    { receipts: [receipt(1)], orders: [row(1), row(2)] },
  ],
  [
    "limited, though the buyer has nothing",
    ["false-limit"],
    {
      refusals: [refusal("buyer-limit-reached")],
    },
  ],
];

test.each(broken)("%s is a violation", (_, kinds, changes) => {
  const found = kindsFoundIn(changes);
  for (const kind of kinds) expect(found).toContain(kind);
  expect(check(evidence(changes)).ok).toBe(false);
});

const sound: readonly [string, Changes][] = [
  ["a sale in which everything fits", {}],
  ["an order whose answer was lost", { receipts: [receipt(1), receipt(2)] }],
  ["a retry with the same order", { receipts: [receipt(1), receipt(1), receipt(2), receipt(3)] }],
  [
    "an order that was reserved, then accepted",
    { receipts: [receipt(1, { status: "reserved" }), receipt(1), receipt(2), receipt(3)] },
  ],
  [
    "a reserved order that was refused, and units left although others were told sold out",
    {
      receipts: [receipt(1), receipt(2), receipt(3, { status: "reserved" })],
      orders: [row(1), row(2), row(3, { status: "refused" })],
      sold: 2,
    },
  ],
  [
    "a reserved order that was refused, and its key used again",
    {
      receipts: [
        receipt(1),
        receipt(2),
        receipt(3, { orderId: "order-3a", status: "reserved" }),
        receipt(3),
      ],
      orders: [row(1), row(2), row(3, { id: "order-3a", status: "refused" }), row(3)],
      sold: 3,
    },
  ],
  [
    "a buyer limited with reason",
    { refusals: [refusal("buyer-limit-reached", { buyerId: "buyer-1" })] },
  ],
  [
    "a buyer limited by a reservation that died with the server",
    { refusals: [refusal("buyer-limit-reached")], crashed: true },
  ],
  [
    "sold out for two units when one is left",
    {
      receipts: [receipt(1)],
      orders: [row(1), row(2)],
      refusals: [refusal("sold-out", { asked: 2 })],
      perBuyerLimit: 2,
    },
  ],
  [
    "orders that only the ledger knows, where the tables are out of reach",
    { source: "http", receipts: [receipt(1)], orders: [row(1)], sold: 3 },
  ],
];

test.each(sound)("%s passes", (_, changes) => {
  expect(check(evidence(changes))).toMatchObject({ ok: true, violations: [] });
});

test("the table of broken evidence covers every kind of violation", () => {
  const kinds: Record<ViolationKind, true> = {
    "lost-order": true,
    "refused-after-accepted": true,
    "order-differs": true,
    "doubled-order": true,
    "over-limit": true,
    oversold: true,
    "ledger-differs": true,
    "two-orders-for-one-key": true,
    "answer-changed": true,
    "order-forgotten": true,
    "false-sold-out": true,
    "false-limit": true,
  };
  const covered = new Set(broken.flatMap(([, found]) => found));
  expect([...covered].sort()).toEqual((Object.keys(kinds) as ViolationKind[]).sort());
});
