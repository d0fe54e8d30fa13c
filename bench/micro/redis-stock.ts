// What the stock in Redis costs: decisions a second inside the server, bytes an order, and the time
// that a warm-up of a thousand sales takes. Not a test: figures differ from machine to machine.
//
//   bun bench/micro/redis-stock.ts [orders]       a Redis that nobody else uses just now

import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import {
  type BuyerId,
  type RequestKey,
  type SaleId,
  saleIdOf,
  units,
} from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Reservation, ReserveRequest } from "../../src/domain/reservation.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { removeKeys } from "../../test/support/redis-stock.ts";
import { redisUrl } from "../../test/support/services.ts";
import { loadStock } from "../../test/support/stock.ts";

const orders = Number(process.argv[2] ?? 1_000_000);
const prefix = "bench:";
const roomy = { pendingMax: limits.stockMax };
const connection = openRedis(redisUrl);
await connection.ready(5_000);
await removeKeys(connection, prefix);
const stock = redisStockStore({ connection, prefix });

await decisions();
await memory();
await warmUp(1_000);
await removeKeys(connection, prefix);
connection.close();

/** Server time by the size of the batch, while orders are taken and when all is sold. */
async function decisions(): Promise<void> {
  for (const size of [1, 16, 64, 256]) {
    const sale = saleIdOf(size + 10);
    const count = Math.min(orders, size * 800);
    await loadStock(stock, sale, { total: count, settings: roomy });
    let settling = 0;
    const all = await serverTime(() =>
      buy(stock, sale, count, size, async (made) => {
        settling += await serverTime(() => stock.settle(made));
      }),
    );
    const taking = all - settling;
    const refusing = await serverTime(() => buy(stock, sale, count, size));
    const perSecond = (us: number) => `${Math.round((count / us) * 1_000)}k/s`;
    say(`batches of ${size}`, `${perSecond(taking)} taken, ${perSecond(refusing)} sold out`);
  }
}

async function memory(): Promise<void> {
  const sale = saleIdOf(1);
  await loadStock(stock, sale, { total: orders, settings: roomy });
  const before = await usedMemory();
  let settling = 0;
  const started = performance.now();
  await buy(stock, sale, orders, limits.reserveBatchMax, async (made) => {
    settling += await serverTime(() => stock.settle(made));
  });
  const seconds = (performance.now() - started) / 1_000;
  const bytes = ((await usedMemory()) - before) / orders;
  say(`${orders} settled orders`, `${bytes.toFixed(1)} bytes each`);
  say("ten million of them", `${((bytes * 10_000_000) / 1e9).toFixed(2)} GB`);
  say("settling", `${Math.round((orders / settling) * 1_000)}k/s inside the server`);
  say("client, server and settling in turn", `${Math.round(orders / seconds / 1_000)}k/s`);
}

async function warmUp(sales: number): Promise<void> {
  const started = performance.now();
  const loads = Array.from({ length: sales }, (_, n) =>
    loadStock(stock, saleIdOf(1_000 + n), { total: 1_000, settings: roomy }),
  );
  await Promise.all(loads);
  say(`loading ${sales} sales at once`, `${Math.round(performance.now() - started)} ms`);
}

async function buy(
  store: StockStore,
  sale: SaleId,
  count: number,
  size: number,
  then: (orders: readonly Reservation[]) => Promise<void> = async () => undefined,
): Promise<void> {
  for (let from = 0; from < count; from += size) {
    const batch = Array.from({ length: Math.min(size, count - from) }, request);
    const answer = await store.reserve(sale, 0, batch);
    if (!answer.ok) throw new Error(answer.error.detail);
    const made = answer.value.outcomes.flatMap((one) => (one.kind === "reserved" ? one.order : []));
    if (made.length > 0) await then(made);
  }
}

function request(): ReserveRequest {
  const buyerId = crypto.randomUUID() as BuyerId;
  const requestKey = crypto.randomUUID() as RequestKey;
  return { buyerId, requestKey, fingerprint: "q1", quantity: units(1) };
}

/** Microseconds that scripts took meanwhile. */
async function serverTime(work: () => Promise<unknown>): Promise<number> {
  const before = await scriptTime(connection);
  await work();
  return (await scriptTime(connection)) - before;
}

async function scriptTime({ masters }: RedisConnection): Promise<number> {
  const stats = await info(masters, "commandstats");
  return Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(stats)?.[1] ?? 0);
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await info(connection.masters, "memory"))?.[1]);
}

async function info(masters: RedisConnection["masters"], section: string): Promise<string> {
  for (const master of masters().values()) return String(await master.send(["INFO", section]));
  throw new Error("no Redis");
}

function say(what: string, figure: string): void {
  console.log(`${what.padEnd(38)} ${figure}`);
}
