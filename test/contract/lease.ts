/** What every kind of lock promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { AcquireOptions, Held, Lease } from "../../src/ports/lease.ts";
import { until } from "../support/until.ts";

export interface LeaseHarness {
  readonly lease: Lease;
  close(): Promise<void>;
}

export function leaseContract(name: string, open: () => Promise<LeaseHarness>): void {
  describe(`a lease (${name})`, () => {
    let harness: LeaseHarness;
    let lease: Lease;

    beforeEach(async () => {
      harness = await open();
      lease = harness.lease;
    });
    afterEach(() => harness.close());

    async function acquire(lock: string, options?: AcquireOptions): Promise<Held> {
      const got = await lease.acquire(lock, options);
      if (!got.ok) throw new Error(got.error);
      return got.value;
    }
    const waiting = async (lock: string) => (await lease.list(lock))[0]?.queue.length ?? 0;

    test("gives a lock to one at a time, with tokens that grow", async () => {
      const first = await acquire("a");
      let second: Held | null = null;
      const queued = acquire("a").then((held) => {
        second = held;
        return held;
      });
      await until(async () => (await waiting("a")) === 2);
      expect(second).toBeNull();
      await first.release();
      const { token, lost, resumed } = await queued;
      expect(token).toBeGreaterThan(first.token);
      expect([lost.aborted, resumed]).toEqual([false, false]);
    });

    test("serves those who wait in the order in which they came", async () => {
      const held = await acquire("a");
      const order: number[] = [];
      const all: Promise<void>[] = [];
      for (let n = 0; n < 8; n += 1) {
        const turn = acquire("a").then(async (next) => {
          order.push(n);
          await next.release();
        });
        all.push(turn);
        await until(async () => (await waiting("a")) === n + 2);
      }
      await held.release();
      await Promise.all(all);
      expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    test("keeps locks of different names apart", async () => {
      const [a, b] = await Promise.all([acquire("a"), acquire("b/c")]);
      expect(a.token).not.toBe(b.token);
    });

    test("says who waits too long that it did, and leaves no place in the queue", async () => {
      const held = await acquire("a");
      const late = await lease.acquire("a", { timeoutMs: 50 });
      expect(late).toEqual({ ok: false, error: "timeout" });
      await until(async () => (await waiting("a")) === 1);
      await held.release();
      expect((await acquire("a")).token).toBeGreaterThan(held.token);
    });

    test("lets somebody leave the queue, and those behind move up", async () => {
      const held = await acquire("a");
      const leaver = new AbortController();
      const left = lease.acquire("a", { signal: leaver.signal });
      await until(async () => (await waiting("a")) === 2);
      const behind = acquire("a");
      await until(async () => (await waiting("a")) === 3);
      leaver.abort();
      expect(await left).toEqual({ ok: false, error: "cancelled" });
      await held.release();
      expect((await behind).token).toBeGreaterThan(held.token);
    });

    test("gives nothing to somebody who has changed his mind before", async () => {
      const held = await acquire("a");
      const signal = AbortSignal.abort();
      expect(await lease.acquire("a", { signal })).toEqual({ ok: false, error: "cancelled" });
      await held.release();
      await until(async () => (await waiting("a")) === 0);
    });

    test("is released once, however often that is asked for", async () => {
      const first = await acquire("a");
      await first.release();
      const second = await acquire("a");
      await first.release();
      expect(await lease.acquire("a", { timeoutMs: 50 })).toMatchObject({ error: "timeout" });
      expect(second.lost.aborted).toBe(false);
    });

    test("tells who holds what and who waits, in order, by the beginning of the name", async () => {
      const held = await acquire("sales/s1", { about: "sneaker" });
      const behind = acquire("sales/s1", { about: "sneaker" });
      await until(async () => (await waiting("sales/s1")) === 2);
      await acquire("other");
      const [lock, ...more] = await lease.list("sales/");
      expect(more).toEqual([]);
      expect(lock?.name).toBe("sales/s1");
      expect(lock?.queue[0]).toMatchObject({ token: held.token, about: "sneaker" });
      expect(new Set(lock?.queue.map((entry) => entry.uuid)).size).toBe(2);
      await held.release();
      await (await behind).release();
      expect(await lease.list("sales/")).toEqual([]);
    });
  });
}
