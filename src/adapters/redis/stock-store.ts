/** The stock in Redis: one script call decides a batch of requests of one bucket. Every script
 * looks first whether the bucket is loaded, and by the very server run that it asks. */
import { type Epoch, epoch, routeOf, type SaleId, units } from "../../domain/ids.ts";
import type { Reservation, ReserveOutcome, ReserveRequest } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type {
  BucketLevel,
  StockLevel,
  StockStore,
  StockUnavailable,
  Transfer,
} from "../../ports/stock-store.ts";
import { NotExecuted, type RedisConnection, type Reply, type Value } from "./connection.ts";
import { buyerField, idPart, markOf, orderIdFrom, packDetails, packHeads } from "./packing.ts";
import { pendingReads } from "./pending.ts";
import type { stockScripts } from "./scripts.ts";
import { everyBucket, type RunScript, type StockKeys, shareOf, stockKeys } from "./stock-keys.ts";
import { stockLoader } from "./stock-loader.ts";

export interface RedisStockDeps {
  readonly redis: RedisConnection;
  readonly scripts: ReturnType<typeof stockScripts>;
  /** What every key begins with. */
  readonly prefix: string;
}

export function redisStockStore({ redis, scripts, prefix }: RedisStockDeps): StockStore {
  const keys = stockKeys(redis, prefix);
  const run: RunScript = (name, saleId, bucket, args) =>
    redis.run(scripts[name], keys.stock(saleId, bucket), args);

  const reserve: StockStore["reserve"] = async (saleId, bucket, requests) => {
    const args = [packHeads(requests), ...requests.map(packDetails)];
    try {
      const reply = await run("reserve", saleId, bucket, args);
      return decoded(saleId, bucket, requests, reply as readonly Reply[]);
    } catch (reason) {
      if (reason instanceof NotExecuted) return err(unavailable(reason.message));
      throw reason;
    }
  };

  const configure: StockStore["configure"] = async (saleId, settings) => {
    const { version, state, startsAt, endsAt, pendingMax } = settings;
    const count = (await keys.buckets(saleId)) ?? 0;
    const most = Math.max(1, Math.ceil(pendingMax / count));
    const args = [version, state, startsAt ?? "", endsAt ?? "", most];
    await Promise.all(everyBucket(count).map((at) => run("configure", saleId, at, args)));
  };

  const restock: StockStore["restock"] = async (saleId, added, ledgerVersion) => {
    const count = (await keys.buckets(saleId)) ?? 0;
    await Promise.all(
      everyBucket(count).map((at) =>
        run("restock", saleId, at, [shareOf(added, count, at), ledgerVersion]),
      ),
    );
  };

  return {
    reserve,
    configure,
    restock,
    ...stockLoader({ redis, keys, run }),
    ...ledgerFeedback(run),
    ...pendingReads({ redis, keys, run }),
    ...bucketLevels(keys, run),
  };
}

/** The outcomes in a reply of reserve.lua. */
function decoded(
  saleId: SaleId,
  bucket: number,
  requests: readonly ReserveRequest[],
  reply: readonly Reply[],
) {
  if (reply.length === 1) return err(unavailable(`the stock of ${saleId}: ${reply[0]}`));
  const [at, madeUnder, version, ...answers] = reply;
  const head = Buffer.allocUnsafe(11);
  head.writeUIntBE(Number(at), 0, 6);
  head.writeUInt16BE(Number(madeUnder), 6);
  const place = { saleId, bucket };
  const outcomes = requests.map((request, n): ReserveOutcome => {
    const answer = answers[n];
    if (answer instanceof Buffer) {
      const pending = answer.at(-1) === 0x31;
      return { kind: "same", orderId: orderIdFrom(answer, place), pending };
    }
    const number = Number(answer);
    if (number < 0) return { kind: refusals[number + refusals.length] ?? "sold-out" };
    head.writeUIntBE(number % 2 ** 24, 8, 3);
    return { kind: "reserved", order: reservationOf(request, head, place) };
  });
  return ok({ outcomes, version: Number(version) });
}

function reservationOf(
  request: ReserveRequest,
  head: Buffer,
  place: { readonly saleId: SaleId; readonly bucket: number },
): Reservation {
  const { buyerId, requestKey, fingerprint, quantity } = request;
  return {
    orderId: orderIdFrom(head, place),
    saleId: place.saleId,
    epoch: epoch(head.readUInt16BE(6)),
    buyerId,
    requestKey,
    fingerprint,
    quantity,
    reservedAt: head.readUIntBE(0, 6) as Reservation["reservedAt"],
  };
}

/** By their codes, from −7 to −1. */
const refusals = [
  "sold-out",
  "pending-full",
  "buyer-limit-reached",
  "sale-ended",
  "sale-paused",
  "sale-not-open",
  "key-reused",
] as const;

/** What the ledger decided, brought back to the stock: one call a bucket. */
function ledgerFeedback(run: RunScript): Pick<StockStore, "settle" | "release"> {
  async function drop(orders: readonly Reservation[], what: "settle" | "credit" | "forget") {
    const byBucket = Map.groupBy(orders, ({ orderId }) => orderId.slice(10, 18));
    await Promise.all([...byBucket.values()].map((group) => dropInBucket(group, what)));
  }

  function dropInBucket(orders: readonly Reservation[], what: string): Promise<Reply> {
    const args: Value[] = [what];
    for (const { orderId, buyerId } of orders) {
      // Settling needs neither the buyer nor the id, which cost a hash.
      if (what === "settle") args.push(markOf(orderId), "", "");
      else args.push(markOf(orderId), buyerField(buyerId), idPart(orderId));
    }
    const [first] = orders;
    const route = present(first && routeOf(first.orderId), "a group has orders with ids of ours");
    return run("drop", route.saleId, route.bucket, args);
  }

  return {
    settle: (orders) => drop(orders, "settle"),
    release: (orders, credit) => drop(orders, credit ? "credit" : "forget"),
  };
}

/** Every bucket as one script sees it, and their sum. */
function bucketLevels(
  keys: StockKeys,
  run: RunScript,
): Pick<StockStore, "level" | "buckets" | "send" | "receive"> {
  async function fieldsOf(saleId: SaleId): Promise<ReadonlyMap<string, string>[] | null> {
    const count = await keys.buckets(saleId);
    if (count === null) return null;
    const all = await Promise.all(everyBucket(count).map((at) => run("level", saleId, at, [])));
    const maps = all.map((reply) => pairs(reply as readonly Reply[]));
    return maps.some((map) => map.size === 0) ? null : maps;
  }

  const buckets: StockStore["buckets"] = async (saleId) =>
    (await fieldsOf(saleId))?.map(bucketLevel) ?? null;

  const level: StockStore["level"] = async (saleId) => {
    const all = await fieldsOf(saleId);
    return all === null ? null : sumOf(all);
  };

  const send: StockStore["send"] = async (saleId, from, to, wanted) => {
    const at = (await fieldsOf(saleId))?.[from]?.get("epoch");
    if (at === undefined) return null;
    const reply = await run("send", saleId, from, [at, to, wanted]);
    if (reply === null || !Array.isArray(reply)) return null;
    const [number, moved] = reply;
    const transfer = { epoch: epoch(Number(at)), from, to };
    return { ...transfer, number: Number(number), units: units(Number(moved)) };
  };

  const receive: StockStore["receive"] = async (saleId, transfer) => {
    const { from, to, number, units: moved } = transfer;
    const arrived = await run("receive", saleId, to, [transfer.epoch, from, number, moved]);
    if (arrived !== 1) return;
    await run("sent", saleId, from, [transfer.epoch, to, number, moved]);
  };

  return { level, buckets, send, receive };
}

function bucketLevel(fields: ReadonlyMap<string, string>, from: number): BucketLevel {
  const at = epoch(Number(fields.get("epoch")));
  const received = new Map<number, number>();
  const outgoing: Transfer[] = [];
  for (const [name, value] of fields) {
    const [kind, bucket = ""] = name.split(":");
    if (kind === "in") received.set(Number(bucket), Number(value));
    if (kind === "out") outgoing.push(transferOf(at, from, Number(bucket), value));
  }
  const remaining = units(Number(fields.get("remaining")));
  return { remaining, outgoing, received, changes: Number(fields.get("changes")), epoch: at };
}

function transferOf(at: Epoch, from: number, to: number, note: string): Transfer {
  const [number, moved] = note.split(":").map(Number);
  return { epoch: at, from, to, number: number ?? 0, units: units(moved ?? 0) };
}

function sumOf(all: readonly ReadonlyMap<string, string>[]): StockLevel {
  const sum = (name: string) => all.reduce((total, map) => total + Number(map.get(name) ?? 0), 0);
  const levels = all.map(bucketLevel);
  const open = levels
    .flatMap((level) => level.outgoing)
    .filter(({ from, to, number }) => (levels[to]?.received.get(from) ?? 0) < number);
  return {
    epoch: levels[0]?.epoch ?? epoch(0),
    remaining: units(sum("remaining")),
    pendingUnits: units(sum("pendingUnits")),
    pendingOrders: sum("pending"),
    inTransfer: units(open.reduce((total, transfer) => total + transfer.units, 0)),
    released: units(sum("released")),
  };
}

/** A reply of field and value in turn. */
function pairs(reply: readonly Reply[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < reply.length; at += 2)
    map.set(String(reply[at]), String(reply[at + 1]));
  return map;
}

function unavailable(detail: string): StockUnavailable {
  return { code: "stock-unavailable", detail };
}
