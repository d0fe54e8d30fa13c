/** The two decisions about a unit, as tables: may it be reserved, may it be placed. */
import { describe, expect, test } from "bun:test";
import { epoch, instant, units } from "../../src/domain/ids.ts";
import { decidePlacement, type PlacementFacts } from "../../src/domain/order.ts";
import {
  buyerRecord,
  decideReserve,
  type StockCounts,
  type StockSettings,
  settingsOf,
} from "../../src/domain/reservation.ts";
import { request, reservation, sale, settings } from "../support/builders.ts";

const now = instant(5_000);
const known = reservation({ buyer: "a", key: "known" });

function decide(
  over: Partial<StockSettings>,
  counts: Partial<StockCounts>,
  parts: Parameters<typeof request>[0],
  orders = [known],
) {
  const all = { remaining: units(5), pending: 0, ...counts };
  return decideReserve(settings(over), all, buyerRecord(orders), request(parts), now).kind;
}

const everythingWrong = {
  settings: { state: "closed", pendingMax: 0 } as const,
  counts: { remaining: units(0), pending: 9 },
};

describe("reserving checks, in order,", () => {
  test("the request key, before everything else", () => {
    const { settings: closed, counts } = everythingWrong;
    expect(decide(closed, counts, { key: "known" })).toBe("same");
    expect(decide(closed, counts, { key: "known", fingerprint: "q9" })).toBe("key-reused");
    expect(decide(closed, counts, { key: "new" })).toBe("sale-ended");
  });

  test.each([
    ["scheduled", "sale-not-open"],
    ["paused", "sale-paused"],
    ["closed", "sale-ended"],
  ] as const)("a state of %s, before the limit", (state, expected) => {
    expect(decide({ state }, everythingWrong.counts, {})).toBe(expected);
  });

  test("the window by the time given", () => {
    const window = { state: "scheduled", startsAt: instant(5_001) } as const;
    expect(decide(window, {}, {}, [])).toBe("sale-not-open");
    expect(decide({ ...window, startsAt: instant(5_000) }, {}, {}, [])).toBe("take");
    expect(decide({ endsAt: instant(5_000) }, {}, {}, [])).toBe("sale-ended");
    expect(decide({ endsAt: instant(5_001) }, {}, {}, [])).toBe("take");
  });

  test("the buyer's limit, before pendingMax", () => {
    expect(decide({ perBuyerLimit: units(1), pendingMax: 0 }, {}, {})).toBe("buyer-limit-reached");
    expect(decide({ perBuyerLimit: units(2) }, {}, { quantity: 2 })).toBe("buyer-limit-reached");
    expect(decide({ perBuyerLimit: units(2) }, {}, { quantity: 1 })).toBe("take");
  });

  test("pendingMax, before stock", () => {
    const full = { pending: 3, remaining: units(0) };
    expect(decide({ pendingMax: 3 }, full, {}, [])).toBe("pending-full");
    expect(decide({ pendingMax: 4 }, full, {}, [])).toBe("sold-out");
  });

  test("stock, to the last unit", () => {
    const limit = { perBuyerLimit: units(9) };
    expect(decide(limit, { remaining: units(3) }, { quantity: 3 }, [])).toBe("take");
    expect(decide(limit, { remaining: units(2) }, { quantity: 3 }, [])).toBe("sold-out");
  });

  test("what the sale's terms say", () => {
    const terms = sale({ state: "open", version: 7, perBuyerLimit: units(3) });
    expect(settingsOf(terms)).toMatchObject({ state: "open", version: 7, perBuyerLimit: 3 });
  });
});

describe("placing", () => {
  const facts: PlacementFacts = {
    total: units(10),
    sold: units(0),
    minEpoch: epoch(1),
    perBuyerLimit: units(2),
    buyerUnits: units(0),
    keyTaken: false,
  };
  const order = reservation({ quantity: 2, epoch: 1 });

  test.each([
    ["fits", {}, null],
    ["takes the last units", { sold: units(8) }, null],
    ["finds one unit too few", { sold: units(9) }, "no-room"],
    ["meets the buyer's limit", { buyerUnits: units(1) }, "buyer-limit"],
    ["meets a taken key", { keyTaken: true, sold: units(10) }, "duplicate-request-key"],
    ["comes from an older load", { minEpoch: epoch(2), keyTaken: true }, "reservation-lost"],
  ] as const)("an order that %s", (_, over, reason) => {
    const expected = reason === null ? { status: "placed" } : { status: "refused", reason };
    expect(decidePlacement(order, { ...facts, ...over })).toMatchObject(expected);
  });
});
