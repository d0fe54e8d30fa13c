/** What every order log promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Instant, instant } from "../../src/domain/ids.ts";
import { present } from "../../src/lib/assert.ts";
import type { LoggedOrder, OrderLog } from "../../src/ports/order-log.ts";
import { reservation } from "../support/builders.ts";

export interface OrderLogHarness {
  readonly log: OrderLog;
  /** The log's clock. */
  now(): Instant;
  /** How far the log's times may be from what this clock says. */
  readonly clockToleranceMs: number;
  /** Lets time pass, and what is due happen. */
  passTime(ms: number): Promise<void>;
  /** Whether `trim` drops messages; a log that expires them by itself leaves that to time. */
  readonly trims: boolean;
  /** The same log as a new process finds it. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const order = (sequence: number, buyer = "a") => reservation({ sequence, buyer });

export function orderLogContract(name: string, open: () => Promise<OrderLogHarness>): void {
  describe(`an order log (${name})`, () => {
    let harness: OrderLogHarness;

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const ids = (batch: readonly LoggedOrder[]) => batch.map((message) => message.orderId);

    /** Consumes until the log's end and returns what was delivered. */
    async function drain(group: string, max = 100): Promise<LoggedOrder[][]> {
      const { log } = harness;
      const batches: LoggedOrder[][] = [];
      const subscription = log.subscribe(group, max, async (batch) => {
        batches.push([...batch]);
      });
      await log.reached(group, await log.end());
      expect(subscription.failure()).toBeNull();
      await subscription.stop();
      return batches;
    }

    async function endSum(): Promise<number> {
      return (await harness.log.end()).reduce((sum, offset) => sum + offset, 0);
    }

    function expectNear(actual: number, wanted: number): void {
      expect(Math.abs(actual - wanted)).toBeLessThanOrEqual(harness.clockToleranceMs);
    }

    test("delivers what was appended, in order, with its produce time", async () => {
      const orders = [order(1), order(2), order(3)];
      await harness.log.append(orders);
      const producedAt = harness.now();
      const delivered = (await drain("g")).flat();
      expect(delivered.map((message) => message.order)).toEqual(orders);
      for (const message of delivered) expectNear(message.producedAt, producedAt);
    });

    test("delivers at most as many at once as asked for", async () => {
      await harness.log.append([order(1), order(2), order(3)]);
      expect((await drain("g", 2)).every((batch) => batch.length <= 2)).toBe(true);
    });

    test("keeps the order of each buyer's orders, also over appends that overlap", async () => {
      const buyers = ["a", "b", "c", "d", "e"];
      const orders = Array.from({ length: 100 }, (_, n) => order(n, buyers[n % buyers.length]));
      const appends = [0, 25, 50, 75].map((from) =>
        harness.log.append(orders.slice(from, from + 25)),
      );
      await Promise.all(appends);
      const delivered = (await drain("g", 7)).flat();
      expect(delivered).toHaveLength(orders.length);
      for (const buyer of buyers) {
        const ofBuyer = delivered.filter((message) => message.order?.buyerId === buyer);
        const appended = orders.filter(({ buyerId }) => buyerId === buyer);
        expect(ids(ofBuyer)).toEqual(appended.map(({ orderId }) => orderId));
      }
    });

    test("delivers to every group, each at its own pace", async () => {
      await harness.log.append([order(1)]);
      await drain("a");
      await harness.log.append([order(2)]);
      expect(ids((await drain("a")).flat())).toEqual([order(2).orderId]);
      expect(ids((await drain("b")).flat())).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("delivers a batch again until its handler resolves, before what follows", async () => {
      const { log } = harness;
      await log.append([order(1)]);
      const seen: string[] = [];
      const appended = Promise.withResolvers<void>();
      let failures = 1;
      const subscription = log.subscribe("g", 10, async (batch) => {
        seen.push(...ids(batch).map(String));
        if (failures > 0) {
          failures -= 1;
          await log.append([order(2)]);
          appended.resolve();
          setImmediate(() => void harness.passTime(1_000));
          throw new Error("not this time");
        }
      });
      await appended.promise;
      await log.reached("g", await log.end());
      await subscription.stop();
      expect(seen.slice(0, 2)).toEqual([order(1).orderId, order(1).orderId]);
      expect(seen.at(-1)).toBe(order(2).orderId);
    });

    test("has reached an end only when the handler of what is before it resolved", async () => {
      const { log } = harness;
      await log.append([order(1)]);
      const handling = Promise.withResolvers<void>();
      const events: string[] = [];
      const subscription = log.subscribe("g", 10, async () => {
        await handling.promise;
        events.push("handled");
      });
      const reached = log.reached("g", await log.end()).then(() => events.push("reached"));
      await harness.passTime(200);
      expect(events).toEqual([]);
      handling.resolve();
      await reached;
      expect(events).toEqual(["handled", "reached"]);
      await subscription.stop();
    });

    test("hands a group's messages over to the subscriber that follows", async () => {
      const { log } = harness;
      const seen: string[] = [];
      for (const sequence of [1, 2]) {
        const subscription = log.subscribe("g", 10, async (batch) => {
          seen.push(...ids(batch).map(String));
        });
        await log.append([order(sequence)]);
        await log.reached("g", await log.end());
        await subscription.stop();
      }
      expect(seen).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("goes on after a restart where the group had committed", async () => {
      await harness.log.append([order(1), order(2)]);
      await drain("g");
      await harness.log.append([order(3)]);
      await harness.reopen();
      expect(ids((await drain("g")).flat())).toEqual([order(3).orderId]);
    });

    test("keeps what was appended before a restart", async () => {
      await harness.log.append([order(1), order(2)]);
      await harness.reopen();
      expect(await endSum()).toBe(2);
      expect(ids((await drain("g")).flat())).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("tells how far a group is behind, in messages and in seconds", async () => {
      const { log } = harness;
      expect(await log.lag("g")).toMatchObject({ messages: 0, seconds: 0 });
      await log.append([order(1), order(2)]);
      const producedAt = harness.now();
      await harness.passTime(700);
      const behind = await log.lag("g");
      expect(behind.messages).toBe(2);
      expectNear(behind.seconds * 1_000, 700);
      expectNear(behind.consumedThrough, producedAt);
      await drain("g");
      const even = await log.lag("g");
      expect(even).toMatchObject({ messages: 0, seconds: 0 });
      expectNear(even.consumedThrough, harness.now());
    });

    test("counts a group's delay from the oldest message that it has not consumed", async () => {
      const { log } = harness;
      await log.append([order(1)]);
      await drain("g");
      await harness.passTime(1_500);
      await log.append([order(2)]);
      const behind = await log.lag("g");
      expect(behind.messages).toBe(1);
      expectNear(behind.seconds * 1_000, 0);
    });

    test("trims only what is old and consumed by all, and never reuses an offset", async () => {
      const { log } = harness;
      if (!harness.trims) {
        await log.append([order(1)]);
        expect(await log.trim(instant(harness.now() + 60_000))).toBe(0);
        return;
      }
      const start = harness.now();
      const later = (ms: number) => instant(start + ms);
      await log.append([order(1)]);
      await drain("g");
      await harness.passTime(4_000);
      await log.append([order(2)]);
      expect(await log.trim(later(0))).toBe(0);
      expect(await log.trim(later(8_000))).toBe(1);
      await drain("g");
      expect(await log.trim(later(8_000))).toBe(1);
      await harness.reopen();
      expect(await endSum()).toBe(2);
    });

    test("stops delivering once a stopped subscription's handler has ended", async () => {
      const { log } = harness;
      const seen: string[] = [];
      const subscription = log.subscribe("g", 10, async (batch) => {
        seen.push(...ids(batch).map(String));
      });
      await subscription.stop();
      await log.append([order(1)]);
      expect(seen).toEqual([]);
      expect((await log.lag("g")).messages).toBe(1);
    });

    test("keeps dead letters with their reason, and appends one again when asked", async () => {
      const { log } = harness;
      await log.append([order(1), order(2)]);
      for (const message of (await drain("g")).flat()) {
        await log.deadLetter(message, `no good: ${message.orderId}`);
        await harness.passTime(5);
      }
      const [newest, oldest] = await log.deadLetters(10);
      expect(newest).toMatchObject({ reason: `no good: ${order(2).orderId}` });
      expect(oldest).toMatchObject({ reason: `no good: ${order(1).orderId}` });
      expect(oldest?.raw).toContain(order(1).orderId);
      expect(await log.deadLetters(1)).toEqual([present(newest, "there are two letters")]);
      expect(await log.replay(present(oldest, "there are two letters").id)).toMatchObject({
        ok: true,
      });
      expect((await drain("g")).flat().map((message) => message.order)).toEqual([order(1)]);
    });

    test("finds no dead letter that never was", async () => {
      expect(await harness.log.deadLetters(10)).toEqual([]);
      for (const id of ["17", "0-17", "99-0", "x", ""]) {
        expect(await harness.log.replay(id)).toEqual({ ok: false, error: "no-such-letter" });
      }
    });
  });
}
