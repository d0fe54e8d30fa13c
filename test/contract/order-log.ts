/** What every order log promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant } from "../../src/domain/ids.ts";
import type { LoggedOrder, OrderLog } from "../../src/ports/order-log.ts";
import { reservation } from "../support/builders.ts";

export interface OrderLogHarness {
  readonly log: OrderLog;
  /** Sets the log's clock and runs what is due. */
  setTime(ms: number): void;
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
      harness.setTime(1_000);
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
      await harness.log.append(orders);
      const delivered = (await drain("g")).flat();
      expect(delivered.map((message) => message.order)).toEqual(orders);
      expect(delivered.map((message) => message.producedAt as number)).toEqual([
        1_000, 1_000, 1_000,
      ]);
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
          setImmediate(() => harness.setTime(10_000));
          throw new Error("not this time");
        }
      });
      await log.reached("g", 2);
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
      expect(await harness.log.end()).toBe(2);
      expect(ids((await drain("g")).flat())).toEqual([order(1).orderId, order(2).orderId]);
    });

    test("tells how far a group is behind, in messages and in seconds", async () => {
      const { log } = harness;
      expect(await log.lag("g")).toMatchObject({ messages: 0, seconds: 0 });
      await log.append([order(1), order(2)]);
      harness.setTime(4_000);
      expect(await log.lag("g")).toEqual({
        messages: 2,
        seconds: 3,
        consumedThrough: instant(1_000),
      });
      await drain("g");
      expect(await log.lag("g")).toEqual({
        messages: 0,
        seconds: 0,
        consumedThrough: instant(4_000),
      });
    });

    test("trims only what is old and consumed by all, and never reuses an offset", async () => {
      const { log } = harness;
      await log.append([order(1)]);
      await drain("g");
      harness.setTime(5_000);
      await log.append([order(2)]);
      expect(await log.trim(instant(1_000))).toBe(0);
      expect(await log.trim(instant(9_000))).toBe(1);
      await drain("g");
      expect(await log.trim(instant(9_000))).toBe(1);
      await harness.reopen();
      expect(await harness.log.end()).toBe(2);
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
