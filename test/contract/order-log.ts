/** What every order log promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant } from "../../src/domain/ids.ts";
import type { LoggedOrder, OrderLog } from "../../src/ports/order-log.ts";
import { reservation } from "../support/builders.ts";

export interface OrderLogHarness {
  readonly log: OrderLog;
  /** Lets time pass, and what is due happen. */
  pass(ms: number): Promise<void>;
  /** By the log's clock. */
  now(): number;
  /** Whether the log drops old messages when it is told to, rather than by itself. */
  readonly trims: boolean;
  /** The same log as a new process finds it. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const order = (sequence: number) => reservation({ sequence });

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
      await subscription.stop();
      return batches;
    }

    test("delivers what was appended, in order, with its produce time", async () => {
      const orders = [order(1), order(2), order(3)];
      const before = harness.now();
      await harness.log.append(orders);
      const delivered = (await drain("g")).flat();
      expect(delivered.map((message) => message.order)).toEqual(orders);
      for (const { producedAt } of delivered) {
        expect(producedAt).toBeGreaterThanOrEqual(before);
        expect(producedAt).toBeLessThanOrEqual(harness.now());
      }
    });

    test("keeps the order of one buyer's orders, and loses nobody's", async () => {
      const orders = Array.from({ length: 300 }, (_, n) =>
        reservation({ sequence: n, buyer: `b${n % 7}`, key: `${n}` }),
      );
      for (let at = 0; at < 300; at += 50) await harness.log.append(orders.slice(at, at + 50));
      const delivered = (await drain("g", 40)).flat();
      expect(delivered).toHaveLength(300);
      const places = new Set(delivered.map(({ partition, offset }) => `${partition} ${offset}`));
      expect(places.size).toBe(300);
      const byBuyer = Map.groupBy(delivered, (message) => message.order?.buyerId);
      for (const messages of byBuyer.values()) {
        const keys = messages.map((message) => Number(message.order?.requestKey));
        expect(keys).toEqual(keys.toSorted((a, b) => a - b));
      }
    });

    test("delivers at most as many at once as asked for", async () => {
      await harness.log.append([order(1), order(2), order(3)]);
      expect((await drain("g", 2)).every((batch) => batch.length <= 2)).toBe(true);
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
      let failures = 1;
      const subscription = log.subscribe("g", 10, async (batch) => {
        seen.push(...ids(batch).map(String));
        if (failures > 0) {
          failures -= 1;
          await log.append([order(2)]);
          setImmediate(() => void harness.pass(9_000));
          throw new Error("not this time");
        }
      });
      while (sum(await log.end()) < 2) await Bun.sleep(1);
      await log.reached("g", await log.end());
      await subscription.stop();
      expect(seen.slice(0, 2)).toEqual([order(1).orderId, order(1).orderId]);
      expect(seen.at(-1)).toBe(order(2).orderId);
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
      expect(sum(await harness.log.end())).toBe(2);
      expect(ids((await drain("g")).flat())).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("tells how far a group is behind, in messages and in seconds", async () => {
      const { log } = harness;
      expect(await log.lag("g")).toMatchObject({ messages: 0, seconds: 0 });
      const before = harness.now();
      await log.append([order(1), order(2)]);
      const after = harness.now();
      await harness.pass(300);
      const behind = await log.lag("g");
      expect(behind.messages).toBe(2);
      expect(behind.seconds).toBeGreaterThanOrEqual(0.3);
      expect(behind.consumedThrough).toBeGreaterThanOrEqual(before);
      expect(behind.consumedThrough).toBeLessThanOrEqual(after);
      await drain("g");
      const caughtUp = harness.now();
      const { messages, seconds, consumedThrough } = await log.lag("g");
      expect([messages, seconds]).toEqual([0, 0]);
      expect(consumedThrough).toBeGreaterThanOrEqual(caughtUp);
    });

    test("trims only what is old and consumed by all, and never reuses an offset", async () => {
      const { log } = harness;
      if (!harness.trims) return expect(await log.trim(instant(harness.now()))).toBe(0);
      const start = harness.now();
      await log.append([order(1)]);
      await drain("g");
      await harness.pass(4_000);
      await log.append([order(2)]);
      expect(await log.trim(instant(start))).toBe(0);
      expect(await log.trim(instant(start + 9_000))).toBe(1);
      await drain("g");
      expect(await log.trim(instant(start + 9_000))).toBe(1);
      await harness.reopen();
      expect(await harness.log.end()).toEqual([2]);
    });

    test("shares a group's messages among its subscribers, and hands them over", async () => {
      const { log } = harness;
      const seen: string[] = [];
      const handler = async (batch: readonly LoggedOrder[]) => {
        seen.push(...ids(batch).map(String));
      };
      const one = log.subscribe("g", 10, handler);
      await log.append([order(1)]);
      await log.reached("g", await log.end());
      await one.stop();
      const two = log.subscribe("g", 10, handler);
      await log.append([order(2)]);
      await log.reached("g", await log.end());
      await two.stop();
      expect(seen).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("keeps dead letters, newest first, and appends one again as it was written", async () => {
      const { log } = harness;
      await log.append([order(1), order(2)]);
      const delivered = (await drain("g")).flat();
      for (const message of delivered) await log.deadLetter(message, "because");
      const letters = await log.deadLetters(9);
      expect(letters.map((letter) => letter.reason)).toEqual(["because", "because"]);
      expect(letters[0]?.raw).toContain(order(2).orderId);
      expect(await log.deadLetters(1)).toHaveLength(1);
      expect((await log.replay(letters[1]?.id ?? "")).ok).toBe(true);
      const again = (await drain("g")).flat();
      expect(again.map((message) => message.order)).toEqual([order(1)]);
      expect(await log.replay("0-99")).toEqual({ ok: false, error: "no-such-letter" });
      expect(await log.replay("rubbish")).toEqual({ ok: false, error: "no-such-letter" });
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
  });
}

function sum(end: readonly number[]): number {
  return end.reduce((total, offset) => total + offset, 0);
}
