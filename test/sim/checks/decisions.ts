/** What the domain decides about a batch, from what a bucket holds before the script decides it.
 *  All that a bucket answers, in the order in which it answers, is so one history that the
 *  specification allows. */
import type { Reply, Value } from "../../../src/adapters/redis/node.ts";
import {
  type BuyerId,
  epoch,
  instant,
  type OrderId,
  orderIdOf,
  type RequestKey,
  type SaleId,
  units,
} from "../../../src/domain/ids.ts";
import {
  buyerRecord,
  decideReserve,
  type KnownOrder,
  type ReserveRequest,
  type StockSettings,
} from "../../../src/domain/reservation.ts";
import type { SaleState } from "../../../src/domain/sale.ts";
import type { SimRedis } from "../redis/server.ts";

export interface Taken {
  readonly orderId: OrderId;
  readonly saleId: SaleId;
  readonly buyerId: BuyerId;
  readonly requestKey: RequestKey;
  readonly quantity: number;
  readonly at: number;
}

export interface Checked {
  /** How the answer differs from the domain's, or null. */
  readonly differs: string | null;
  readonly orders: readonly Taken[];
}

/** A request as a script sees it, with hashes for names. */
interface Asked extends ReserveRequest {
  /** Its names, as the client gave them. */
  readonly names: readonly [BuyerId, RequestKey];
}

const headBytes = 30;
const recordBytes = 40;
const refusals = [
  "key-reused",
  "sale-not-open",
  "sale-paused",
  "sale-ended",
  "buyer-limit-reached",
  "pending-full",
  "sold-out",
];

/** The words are EVALSHA, its digest, 1, the key, and the script's arguments. */
export function expectedOf(
  server: SimRedis,
  saleId: SaleId,
  key: string,
  words: readonly Value[],
  nowMs: number,
): (reply: Reply) => Checked {
  const [bucket, heads, texts] = [Number(words[5]), words[6] as Buffer, words[7] as Buffer];
  const fields = new Map(server.hash(key));
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const requests = requestsIn(heads, texts);
  const held = new Map(
    requests.map(({ buyerId }) => [buyerId, heldIn(server, key, fields, buyerId)]),
  );
  const isPending = new Set(server.hash(`${key}:pending`)?.keys());
  const pendingBefore = isPending.size;
  const at = instant(Math.floor(nowMs));
  const [under, firstSequence] = [number("epoch"), number("seq")];

  return (reply) => {
    if (!Array.isArray(reply) || reply.length < 3) return { differs: null, orders: [] };
    const settings = settingsIn(fields);
    let remaining = number("remaining");
    const orders: Taken[] = [];
    const expected = requests.map((request) => {
      const known = held.get(request.buyerId) ?? [];
      const pending = pendingBefore + orders.length;
      const counts = { remaining: units(remaining), pending };
      const verdict = decideReserve(settings, counts, buyerRecord(known), request, at);
      if (verdict.kind === "same") {
        const mark = verdict.order.orderId;
        return mark + (isPending.has(mark) ? "1" : "0");
      }
      if (verdict.kind !== "take") return -refusals.indexOf(verdict.kind) - 1;
      const sequence = firstSequence + orders.length;
      const route = { reservedAt: at, saleId, bucket, epoch: epoch(under), sequence };
      const mark = markText(route) as OrderId;
      remaining -= request.quantity;
      isPending.add(mark);
      held.set(request.buyerId, [...known, { ...request, orderId: mark }]);
      const [buyerId, requestKey] = request.names;
      const order = { saleId, buyerId, requestKey, quantity: request.quantity, at: 0 };
      orders.push({ ...order, orderId: orderIdOf(route) });
      return sequence;
    });
    const said = reply.slice(3).map((one) => (Buffer.isBuffer(one) ? one.toString("latin1") : one));
    const same = said.length === expected.length && said.every((one, n) => one === expected[n]);
    return { differs: same ? null : `said ${listed(said)}, expected ${listed(expected)}`, orders };
  };
}

function listed(outcomes: readonly unknown[]): string {
  return JSON.stringify(outcomes);
}

function requestsIn(heads: Buffer, texts: Buffer): Asked[] {
  let from = 0;
  return Array.from({ length: heads.length / headBytes }, (_, n) => {
    const head = heads.subarray(n * headBytes, (n + 1) * headBytes);
    const length = head.readUInt16BE(28);
    const text = texts.toString("latin1", from + 2, from + length);
    from += length;
    const [buyer = "", requestKey = ""] = text.split("\0");
    return {
      buyerId: head.toString("latin1", 0, 12) as BuyerId,
      requestKey: head.toString("latin1", 12, 22) as RequestKey,
      fingerprint: head.toString("latin1", 22, 26),
      quantity: units(head.readUInt16BE(26)),
      names: [buyer as BuyerId, requestKey as RequestKey],
    };
  });
}

function heldIn(
  server: SimRedis,
  key: string,
  fields: ReadonlyMap<string, string>,
  buyer: BuyerId,
): KnownOrder[] {
  const page = Buffer.from(buyer, "latin1").readUInt32BE(0) % Number(fields.get("pages") ?? 1);
  const text = server.text(`${key}:b:${fields.get("epoch")}:${page}`) ?? "";
  const found: KnownOrder[] = [];
  for (let at = 0; at < text.length; at += recordBytes) {
    if (text.slice(at, at + 12) !== buyer) continue;
    found.push({
      requestKey: text.slice(at + 12, at + 22) as RequestKey,
      fingerprint: text.slice(at + 22, at + 26),
      quantity: units(text.charCodeAt(at + 26) * 256 + text.charCodeAt(at + 27)),
      orderId: text.slice(at + 28, at + 40) as OrderId,
    });
  }
  return found;
}

function settingsIn(fields: ReadonlyMap<string, string>): StockSettings {
  const time = (name: string) => (fields.get(name) ? instant(Number(fields.get(name))) : null);
  return {
    state: (fields.get("state") ?? "scheduled") as SaleState,
    startsAt: time("opens"),
    endsAt: time("ends"),
    perBuyerLimit: units(Number(fields.get("limit"))),
    pendingMax: Number(fields.get("pendingMax")),
    buckets: 1,
    version: Number(fields.get("version")),
  };
}

interface Route {
  readonly reservedAt: number;
  readonly bucket: number;
  readonly epoch: number;
  readonly sequence: number;
}

function markText({ reservedAt, bucket, epoch: under, sequence }: Route): string {
  const mark = Buffer.alloc(12);
  mark.writeUIntBE(reservedAt, 0, 6);
  mark.writeUInt8(bucket, 6);
  mark.writeUInt16BE(under, 7);
  mark.writeUIntBE(sequence, 9, 3);
  return mark.toString("latin1");
}
