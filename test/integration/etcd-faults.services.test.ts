/** Locks when things go wrong: leases that end, processes that end, etcd that goes away. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type OwnEtcd, ownEtcd } from "../../scripts/support/own-etcd.ts";
import type { EtcdLease } from "../../src/adapters/etcd/lease.ts";
import { lockToken } from "../../src/domain/ids.ts";
import type { Held, Lease } from "../../src/ports/lease.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { type EtcdLeases, etcdLeases } from "../support/etcd-leases.ts";
import { etcdUrl } from "../support/services.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

async function acquire(lease: Lease, name: string): Promise<Held> {
  const got = await lease.acquire(name);
  if (!got.ok) throw new Error(got.error);
  return got.value;
}

const post = (url: string, path: string, body: object) =>
  fetch(url + path, { method: "POST", body: JSON.stringify(body) }).then((it) => it.json());

async function revoke(url: string, hexadecimal: string): Promise<void> {
  await post(url, "/v3/lease/revoke", { ID: BigInt(`0x${hexadecimal}`).toString() });
}

const leaseIdOf = async (lease: Lease, name: string) =>
  (await lease.list(name))[0]?.queue[0]?.leaseId ?? "";

describe("a lock in etcd", () => {
  let leases: EtcdLeases;
  beforeEach(() => {
    leases = etcdLeases(etcdUrl);
  });
  afterEach(() => leases.close());

  test("passes between processes, with a token that grows", async () => {
    const [one, two] = [leases.open(), leases.open()];
    const first = await acquire(one, "a");
    const queued = acquire(two, "a");
    await until(async () => (await one.list("a"))[0]?.queue.length === 2);
    await first.release();
    const second = await queued;
    expect(second.token).toBeGreaterThan(first.token);
    expect([first.valid(), second.valid()]).toEqual([false, true]);
  });

  test("wakes the one who is next, and nobody else", async () => {
    const holder = leases.open();
    const waiters = Array.from({ length: 12 }, () => leases.open());
    const held = await acquire(holder, "a");
    const got: number[] = [];
    for (const [at, waiter] of waiters.entries()) {
      acquire(waiter, "a").then(
        () => got.push(at),
        () => undefined,
      );
      await until(async () => (await holder.list("a"))[0]?.queue.length === at + 2);
    }
    await Bun.sleep(200);
    const before = waiters.map((waiter) => waiter.events());
    await held.release();
    await until(() => got.length === 1);
    await Bun.sleep(200);
    expect(got).toEqual([0]);
    const woken = waiters.map((waiter, at) => waiter.events() - (before[at] ?? 0));
    expect(woken).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("is lost with its lease, and the next one has it then", async () => {
    const [one, two] = [leases.open(), leases.open()];
    const first = await acquire(one, "a");
    const queued = acquire(two, "a");
    await revoke(etcdUrl, await leaseIdOf(one, "a"));
    await until(() => first.lost.aborted);
    expect(first.valid()).toBe(false);
    expect((await queued).token).toBeGreaterThan(first.token);
    const again = acquire(one, "a");
    await (await queued).release();
    expect((await again).valid()).toBe(true);
  });

  test("that was lost while its process waited is waited for anew", async () => {
    const [one, two] = [leases.open(), leases.open()];
    const first = await acquire(one, "a");
    const queued = acquire(two, "a");
    await until(async () => (await one.list("a"))[0]?.queue.length === 2);
    const waiter = (await one.list("a"))[0]?.queue[1];
    await revoke(etcdUrl, waiter?.leaseId ?? "");
    await until(async () => (await one.list("a"))[0]?.queue.length === 1);
    await until(async () => (await one.list("a"))[0]?.queue.length === 2);
    await first.release();
    expect((await queued).token).toBeGreaterThan((waiter?.token ?? 0) as number);
  });

  test("is gone on with after a restart, under the same token", async () => {
    const wal = "restarted";
    const before = await acquireAndDie(leases, wal, "a");
    const again = leases.open(wal);
    const startedAt = performance.now();
    const held = await acquire(again, "a");
    expect([held.token, held.resumed]).toEqual([lockToken(before.token), true]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await held.release();
    const next = await acquire(again, "a");
    expect([next.token > held.token, next.resumed]).toEqual([true, false]);
  });

  test("is queued for anew after a restart that took too long", async () => {
    const wal = "late";
    const before = await acquireAndDie(leases, wal, "a");
    await revoke(etcdUrl, await leaseIdOf(leases.open(), "a"));
    const held = await acquire(leases.open(wal), "a");
    expect([held.token > before.token, held.resumed]).toEqual([true, false]);
  });

  test("that a process queued for and died, and another one went on, is free", async () => {
    const wal = "half";
    await acquireAndDie(leases, wal, "a", "b");
    const held = await acquire(leases.open(wal), "a");
    expect(held.resumed).toBe(true);
    const other = await acquire(leases.open(), "b");
    expect([other.valid(), held.valid()]).toEqual([true, true]);
  });

  test("that nobody asks for after a restart is given up", async () => {
    const wal = "forgotten";
    await acquireAndDie(leases, wal, "a");
    const again = leases.open(wal);
    await acquire(again, "other");
    const other = await acquire(leases.open(), "a");
    expect(other.valid()).toBe(true);
  }, 20_000);

  test("has a token above all of the generation before", async () => {
    const plain = await acquire(leases.open(), "a");
    await plain.release();
    const raised = await acquire(leases.open(undefined, { generation: 1 }), "a");
    expect(raised.token - plain.token).toBeGreaterThan(2 ** 39);
  });

  test("whose key an operator deleted while it was waited for is queued for anew", async () => {
    const [one, two] = [leases.open(), leases.open()];
    const first = await acquire(one, "a");
    const queued = acquire(two, "a");
    await until(async () => (await one.list("a"))[0]?.queue.length === 2);
    const { key } = await keyOf(two, "a", 1);
    await post(etcdUrl, "/v3/kv/deleterange", { key });
    await until(async () => (await one.list("a"))[0]?.queue.length === 1);
    await first.release();
    expect((await queued).valid()).toBe(true);
  });
});

async function keyOf(lease: Lease, name: string, at: number) {
  const uuid = (await lease.list(name))[0]?.queue[at]?.uuid ?? "";
  const all = { key: Buffer.from("doorbuster-test-").toString("base64") };
  const end = { range_end: Buffer.from("doorbuster-test.").toString("base64") };
  const { kvs } = (await post(etcdUrl, "/v3/kv/range", { ...all, ...end })) as {
    kvs: { key: string; value: string }[];
  };
  const found = kvs.find(({ value }) => Buffer.from(value, "base64").toString().includes(uuid));
  if (found === undefined) throw new Error("no such key");
  return found;
}

/** As kill -9 leaves it: the log is there, the lease lives, nobody keeps it alive. */
async function acquireAndDie(leases: EtcdLeases, log: string, ...names: string[]) {
  const program = new URL("../support/lock-and-die.ts", import.meta.url).pathname;
  const { path, prefix } = leases.places(log);
  const child = Bun.spawn([process.execPath, program, etcdUrl, prefix, path, ...names], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const token = Number(await new Response(child.stdout).text());
  await child.exited;
  return { token };
}

describe("while etcd is away", () => {
  let etcd: OwnEtcd;
  let leases: EtcdLeases;
  let lease: EtcdLease;
  beforeEach(async () => {
    etcd = await ownEtcd(tempDir());
    leases = etcdLeases(etcd.url, 4);
    lease = leases.open();
  });
  afterEach(async () => {
    await etcd.kill();
    await leases.close();
  });

  test("locks cannot be had, and that is said; afterwards they can", async () => {
    await etcd.kill();
    await expect(lease.acquire("a")).rejects.toThrow(ServiceUnavailable);
    expect(lease.failure()).toContain("etcd at");
    await etcd.start();
    const held = await acquire(lease, "a");
    expect([held.valid(), lease.failure()]).toEqual([true, null]);
  });

  test("a lock is kept over a short restart, and the queue goes on", async () => {
    const held = await acquire(lease, "a");
    const other = leases.open();
    const queued = acquire(other, "a");
    await until(async () => (await lease.list("a"))[0]?.queue.length === 2);
    await etcd.kill();
    await etcd.start();
    await Bun.sleep(1_000);
    expect(held.valid()).toBe(true);
    await held.release();
    expect((await queued).token).toBeGreaterThan(held.token);
  });

  test("a lock is lost before its lease can end, by our own clock", async () => {
    const held = await acquire(lease, "a");
    etcd.freeze();
    const from = performance.now();
    await until(() => held.lost.aborted);
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(held.valid()).toBe(false);
    etcd.thaw();
    expect((await acquire(lease, "a")).token).toBeGreaterThan(held.token);
  }, 20_000);

  test("what was released is deleted as soon as it is back", async () => {
    const held = await acquire(lease, "a");
    await etcd.kill();
    await held.release();
    await etcd.start();
    const other = await acquire(leases.open(), "a");
    expect(other.token).toBeGreaterThan(held.token);
  });
});
