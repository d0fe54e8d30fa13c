// Messages of the order log, valid ones changed in their structure and in their bytes: what comes
// out is exactly what the message says, or nothing.

import { describe, expect } from "bun:test";
import { OrderMessage } from "../../src/adapters/kafka/order-message.ts";
import { instant, routeOf } from "../../src/domain/ids.ts";
import type { Reservation } from "../../src/domain/reservation.ts";
import { anyMessage, type RawMessage } from "../support/broken-messages.ts";
import { fuzzTest } from "../support/fuzz.ts";

const fields = "orderId saleId epoch buyerId requestKey fingerprint quantity reservedAt".split(" ");

describe("a message of the order log", () => {
  fuzzTest("is understood exactly or not at all", { runs: 4_000 }, anyMessage, (raw) => {
    const read = new OrderMessage({ ...raw, partition: 0, offset: 0, producedAt: instant(1) });
    if (read.orderId !== null) expect(routeOf(read.orderId)).not.toBeNull();
    if (read.order === null) return;
    expect(read.order.orderId).toBe(read.orderId as Reservation["orderId"]);
    expectExact(read.order, raw);
    expectStorable(read.order);
  });
});

/** The same fields as in the bytes, read strictly. */
function expectExact(order: Reservation, { value }: RawMessage): void {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(value ?? Buffer.alloc(0));
  const said = JSON.parse(text) as Record<string, unknown>;
  expect(Object.fromEntries(fields.map((name) => [name, said[name]]))).toEqual({ ...order });
  expect(said).toHaveProperty("v", 1);
}

/** What every ledger's columns take; a row that one refuses would hold up all that come after. */
function expectStorable(order: Reservation): void {
  const { buyerId, requestKey, fingerprint, quantity, reservedAt } = order;
  expect(buyerId).toMatch(/^[\x21-\x7e]{1,128}$/);
  expect(requestKey).toMatch(/^[\x20-\x7e]{1,255}$/);
  expect(fingerprint).toMatch(/^[\x21-\x7e]{1,64}$/);
  expect(quantity).toBeWithin(1, 1_001);
  expect(reservedAt).toBe(routeOf(order.orderId)?.reservedAt as Reservation["reservedAt"]);
}
