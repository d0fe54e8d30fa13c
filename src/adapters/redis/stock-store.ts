/** The stock in Redis. One script call decides a batch of requests for one bucket, and checks with
 * the same step that the bucket holds what was loaded: its epoch, and the server's incarnation,
 * which changes when a restart or a failover may have lost writes. */
import {
  epoch,
  instant,
  type LockToken,
  type OrderId,
  orderIdOf,
  type SaleId,
} from "../../domain/ids.ts";
import type { ReserveOutcome, ReserveRefusal, ReserveRequest } from "../../domain/reservation.ts";
import { assert, present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { StaleToken, StockStore, StockUnavailable } from "../../ports/stock-store.ts";
import { type BucketAccess, bucketAccess } from "./bucket.ts";
import type { RedisConnection } from "./connection.ts";
import type { Reply } from "./node.ts";
import { orderIdOfMark, packRequests } from "./records.ts";
import { NotExecuted } from "./refusal.ts";
import { bytesOf, listOf, numberOf } from "./reply.ts";
import { stockFeedback } from "./stock-feedback.ts";
import { stockLoad } from "./stock-load.ts";
import { stockPending } from "./stock-pending.ts";
import { stockTransfer } from "./stock-transfer.ts";

export interface RedisStockOptions {
  readonly connection: Pick<RedisConnection, "send">;
  /** Before the name of every key. */
  readonly prefix?: string;
  /** A Lua function `now()`; the server's clock if there is none. */
  readonly clock?: string;
}

export function redisStockStore(options: RedisStockOptions): StockStore {
  const access = bucketAccess(options.connection, options.prefix ?? "doorbuster:", options.clock);

  const reserve: StockStore["reserve"] = async (saleId, bucket, requests, token) => {
    const reply = await decide(access, saleId, bucket, requests, token ?? "");
    if (reply instanceof NotExecuted) return err(unavailable(reply.message));
    const [first, under, version, ...outcomes] = listOf(reply);
    if (first === stale) return err(staleToken(saleId, token));
    if (under === undefined) return err(unavailable(notLoaded(saleId, bytesOf(first).toString())));
    const made = { saleId, bucket, at: numberOf(first), epoch: numberOf(under) };
    assert(outcomes.length === requests.length, "a script must answer every request");
    return ok({
      outcomes: outcomes.map((one, at) => outcomeOf(one, requests[at] as ReserveRequest, made)),
      version: numberOf(version),
    });
  };

  return {
    reserve,
    ...stockLoad(access),
    ...stockFeedback(access),
    ...stockPending(access),
    ...stockTransfer(access),
  };
}

/** Throws if nobody knows what became of it. */
async function decide(
  access: BucketAccess,
  saleId: SaleId,
  bucket: number,
  requests: readonly ReserveRequest[],
  token: LockToken | "",
): Promise<Reply | NotExecuted> {
  const { heads, texts } = packRequests(requests);
  const args = [requests.length, bucket, heads, texts, token];
  try {
    return await access.run(access.scripts.reserve, saleId, bucket, args);
  } catch (reason) {
    if (reason instanceof NotExecuted) return reason;
    throw reason;
  }
}

interface Made {
  readonly saleId: SaleId;
  readonly bucket: number;
  readonly at: number;
  readonly epoch: number;
}

function outcomeOf(reply: Reply, request: ReserveRequest, made: Made): ReserveOutcome {
  if (typeof reply !== "number") return same(made.saleId, bytesOf(reply));
  if (reply < 0) return { kind: present(refusals[-reply - 1], `no refusal is ${reply}`) };
  const { saleId, bucket } = made;
  const { buyerId, requestKey, fingerprint, quantity } = request;
  const [reservedAt, under] = [instant(made.at), epoch(made.epoch)];
  const orderId = orderIdOf({ reservedAt, saleId, bucket, epoch: under, sequence: reply });
  const order = { buyerId, requestKey, fingerprint, quantity, orderId, saleId, reservedAt };
  return { kind: "reserved", order: { ...order, epoch: under } };
}

function same(saleId: SaleId, known: Buffer): ReserveOutcome {
  const orderId: OrderId = orderIdOfMark(saleId, known);
  return { kind: "same", orderId, pending: known.at(-1) === pendingFlag };
}

/** The character 1. */
const pendingFlag = 0x31;

/** As scripts/reserve.lua counts them, from −1 downwards. */
const refusals: readonly ReserveRefusal[] = [
  "key-reused",
  "sale-not-open",
  "sale-paused",
  "sale-ended",
  "buyer-limit-reached",
  "pending-full",
  "sold-out",
];

function notLoaded(saleId: SaleId, why: string): string {
  return `Redis cannot sell ${saleId}: ${why}; a controller loads it from the ledger`;
}

/** What the script says instead of a time. */
const stale = -1;

function staleToken(saleId: SaleId, token: LockToken | undefined): StaleToken {
  const detail = `the lock of ${saleId} passed on after it was held with token ${token}`;
  return { code: "stale-token", detail };
}

function unavailable(detail: string): StockUnavailable {
  return { code: "stock-unavailable", detail };
}
