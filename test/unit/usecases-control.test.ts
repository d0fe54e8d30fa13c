/** Controllers among themselves: who holds which sale. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type SaleId, saleIdOf } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { rankOf } from "../../src/domain/rendezvous.ts";
import type { AcquireOptions, Held, Lease } from "../../src/ports/lease.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { type SaleHolder, saleHolder } from "../../src/usecases/hold-sales.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";
import { until } from "../support/until.ts";

let engine: EmbeddedEngine;
beforeEach(async () => {
  engine = await embeddedEngine();
});
afterEach(() => engine.close());

/** One process's view of the locks: it can die, and it can be cut off. */
function process() {
  const { lease } = engine.deps;
  const got: { held: Held; lost: AbortController }[] = [];
  const dead = new AbortController();
  let away = false;
  const acquire = async (name: string, options: AcquireOptions = {}) => {
    if (away) throw new ServiceUnavailable("etcd is away");
    const signal = AbortSignal.any([dead.signal, options.signal ?? dead.signal]);
    const held = await lease.acquire(name, { ...options, signal });
    if (!held.ok) return held;
    const lost = new AbortController();
    got.push({ held: held.value, lost });
    return {
      ok: true as const,
      value: {
        ...held.value,
        lost: lost.signal,
        valid: () => held.value.valid() && !lost.signal.aborted,
      },
    };
  };
  const list: Lease["list"] = async (prefix) => {
    if (away) throw new ServiceUnavailable("etcd is away");
    return lease.list(prefix);
  };
  return {
    lease: { acquire, list },
    cutOff: (off: boolean) => {
      away = off;
    },
    /** Its lease ends. */
    die: async () => {
      dead.abort();
      for (const { held, lost } of got) {
        lost.abort();
        await held.release();
      }
    },
  };
}

const sales = Array.from({ length: 60 }, (_, n) => saleIdOf(n + 1));
const heldBy = (holder: SaleHolder) =>
  sales.filter((saleId) => holder.control(saleId).kind === "holds");

async function looks(holders: readonly SaleHolder[], rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n += 1) {
    for (const holder of holders) await holder.follow(sales);
    await Bun.sleep(2);
  }
}

describe("controllers", () => {
  test("share the sales out, each held by one", async () => {
    const names = ["a", "b", "c"];
    const holders = names.map((instance) => saleHolder({ ...process(), instance }));
    await looks(holders, limits.controllerPatience * 4);
    await until(() => holders.flatMap(heldBy).length === sales.length);
    expect(new Set(holders.flatMap(heldBy)).size).toBe(sales.length);
    holders.forEach((holder, at) => {
      expect(heldBy(holder)).toEqual(
        sales.filter((id) => rankOf(names[at] ?? "", names, id) === 0),
      );
    });
    for (const holder of holders) await holder.stop();
  });

  test("take over what a dead one held", async () => {
    const [first, second] = [process(), process()];
    const dying = saleHolder({ ...first, instance: "a" });
    const staying = saleHolder({ ...second, instance: "b" });
    await looks([dying, staying], limits.controllerPatience * 4);
    await until(() => heldBy(dying).length > 10);
    await first.die();
    expect(heldBy(dying)).toEqual([]);
    await looks([staying], 3);
    await until(() => heldBy(staying).length === sales.length);
    await staying.stop();
  });

  test("pass sales on when they stop, and start nothing afterwards", async () => {
    const leaving = saleHolder({ ...process(), instance: "a" });
    await looks([leaving], 2);
    const staying = saleHolder({ ...process(), instance: "b" });
    await leaving.stop();
    await leaving.follow(sales);
    expect(heldBy(leaving)).toEqual([]);
    await looks([staying], 2);
    await until(() => heldBy(staying).length === sales.length);
    await staying.stop();
  });

  test("give up sales that need no care any more", async () => {
    const holder = saleHolder({ ...process(), instance: "a" });
    await looks([holder], 2);
    await until(() => heldBy(holder).length === sales.length);
    await holder.follow(sales.slice(0, 1));
    expect(heldBy(holder)).toEqual(sales.slice(0, 1));
    await holder.stop();
  });

  test("help with everything, and hold nothing new, while locks cannot be had", async () => {
    const cut = process();
    cut.cutOff(true);
    const holder = saleHolder({ ...cut, instance: "a" });
    const [some] = sales as [SaleId];
    await expect(holder.follow(sales)).rejects.toThrow("etcd is away");
    expect(holder.control(some)).toEqual({ kind: "helps" });
    cut.cutOff(false);
    await looks([holder], 2);
    await until(() => holder.control(some).kind === "holds");
    expect(holder.control(saleIdOf(999))).toEqual({ kind: "none" });
    await holder.stop();
  });

  test("queue again when the queue broke", async () => {
    const { lease } = process();
    let broken = true;
    const acquire: Lease["acquire"] = async (name, options) => {
      if (broken && name.startsWith("sales/")) throw new ServiceUnavailable("etcd went away");
      return lease.acquire(name, options);
    };
    const holder = saleHolder({ lease: { ...lease, acquire }, instance: "a" });
    await looks([holder], 1);
    expect(heldBy(holder)).toEqual([]);
    broken = false;
    await looks([holder], 2);
    await until(() => heldBy(holder).length === sales.length);
    await holder.stop();
  });
});

describe("preference", () => {
  test("is the same for everybody, spreads sales, and moves few when somebody leaves", () => {
    const all = ["a", "b", "c", "d"];
    const ids = Array.from({ length: 4_000 }, (_, n) => saleIdOf(n + 1));
    const first = (members: readonly string[], id: SaleId) =>
      members.find((member) => rankOf(member, members, id) === 0);
    const before = ids.map((id) => first(all, id));
    for (const member of all) {
      const share = before.filter((chosen) => chosen === member).length / ids.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.05);
    }
    const without = all.slice(1);
    ids.forEach((id, at) => {
      if (before[at] !== "a") expect(first(without, id)).toBe(before[at] as string);
    });
    const ranks = all.map((member) => rankOf(member, all, "s1")).sort();
    expect(ranks).toEqual([0, 1, 2, 3]);
  });
});
