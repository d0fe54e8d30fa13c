/** The buckets of a sale, what they hold, and units on their way from one to another. */
import { epoch, type SaleId, units } from "../../domain/ids.ts";
import { present } from "../../lib/assert.ts";
import type { BucketLevel, StockStore, Transfer } from "../../ports/stock-store.ts";
import type { BucketAccess } from "./bucket.ts";
import type { Reply } from "./node.ts";
import { bytesOf, listOf, numberOf } from "./reply.ts";

interface BucketCounts {
  readonly level: BucketLevel;
  readonly pendingUnits: number;
  readonly pendingOrders: number;
  readonly released: number;
}

export function stockTransfer(
  access: BucketAccess,
): Pick<StockStore, "level" | "buckets" | "send" | "receive"> {
  const { scripts } = access;

  /** Null if a bucket is not loaded; then the number of buckets may have changed, too. */
  async function counts(saleId: SaleId): Promise<readonly BucketCounts[] | null> {
    const replies = await access.runOnAll(scripts.level, saleId, []);
    if (replies === null) return null;
    const all = replies.flatMap((reply, bucket) => countsOf(reply, bucket) ?? []);
    if (all.length === replies.length) return all;
    access.learn(saleId, null);
    return null;
  }

  const level: StockStore["level"] = async (saleId) => {
    const all = await counts(saleId);
    if (all === null) return null;
    const sum = (of: (bucket: BucketCounts) => number) => all.reduce((so, one) => so + of(one), 0);
    return {
      epoch: present(all[0], "a sale has a bucket").level.epoch,
      remaining: units(sum((one) => one.level.remaining)),
      pendingUnits: units(sum((one) => one.pendingUnits)),
      pendingOrders: sum((one) => one.pendingOrders),
      inTransfer: units(sum((one) => inTransfer(one.level, all))),
      released: units(sum((one) => one.released)),
    };
  };

  const buckets: StockStore["buckets"] = async (saleId) =>
    (await counts(saleId))?.map((one) => one.level) ?? null;

  const send: StockStore["send"] = async (saleId, from, to, wanted) => {
    const reply = await access.run(scripts.send, saleId, from, [to, wanted]);
    if (reply === null) return null;
    const [under, number, moved] = listOf(reply);
    return {
      epoch: epoch(numberOf(under)),
      from,
      to,
      number: numberOf(number),
      units: units(numberOf(moved)),
    };
  };

  const receive: StockStore["receive"] = async (saleId, transfer) => {
    const { from, to, number, units: moved } = transfer;
    const arrival = [transfer.epoch, from, number, moved];
    const isThere = await access.run(scripts.receive, saleId, to, arrival);
    if (isThere !== 1) return;
    await access.run(scripts.arrived, saleId, from, [transfer.epoch, to, number, moved]);
  };

  return { level, buckets, send, receive };
}

/** Units noted as on their way that have not arrived. */
function inTransfer({ outgoing }: BucketLevel, all: readonly BucketCounts[]): number {
  const open = outgoing.filter(
    ({ from, to, number }) => (all[to]?.level.received.get(from) ?? 0) < number,
  );
  return open.reduce((sum, transfer) => sum + transfer.units, 0);
}

function countsOf(reply: Reply, bucket: number): BucketCounts | null {
  if (reply === null) return null;
  const [pendingOrders, ...flat] = listOf(reply);
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) {
    fields.set(bytesOf(flat[at]).toString(), bytesOf(flat[at + 1]).toString());
  }
  const number = (field: string) => Number(fields.get(field) ?? 0);
  const under = epoch(number("epoch"));
  const outgoing: Transfer[] = [];
  const received = new Map<number, number>();
  for (const [field, value] of fields) {
    const [kind, other] = field.split(":");
    if (kind === "in") received.set(Number(other), Number(value));
    if (kind !== "out") continue;
    const [sent = 0, moved = 0] = value.split(":").map(Number);
    const to = Number(other);
    outgoing.push({ epoch: under, from: bucket, to, number: sent, units: units(moved) });
  }
  return {
    level: {
      remaining: units(number("remaining")),
      outgoing,
      received,
      changes: number("changes"),
      epoch: under,
    },
    pendingUnits: number("pendingUnits"),
    pendingOrders: numberOf(pendingOrders),
    released: number("released"),
  };
}
