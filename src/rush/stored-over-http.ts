/** What the checker can know of a server whose files are out of reach: the receipts' orders as the
 *  API shows them. */

import { inParallel } from "../lib/in-parallel.ts";
import type { StoredOrder, StoredSale } from "./checker.ts";
import type { SaleClient } from "./sale-client.ts";
import type { Receipt } from "./witness.ts";

const READERS = 32;

export async function readStoredOverHttp(
  client: SaleClient,
  saleId: string,
  receipts: readonly Receipt[],
): Promise<StoredSale> {
  const keyOf = new Map(receipts.map((receipt) => [receipt.orderId, receipt.requestKey]));
  const found = await inParallel([...keyOf], READERS, async ([orderId, requestKey]) => {
    const order = await client.order(orderId);
    return order === undefined ? undefined : { ...order, requestKey };
  });
  const orders: StoredOrder[] = found.filter((order) => order !== undefined);
  const { stock, remaining } = await client.sale(saleId);
  return { source: "http", orders, sold: stock - remaining };
}
