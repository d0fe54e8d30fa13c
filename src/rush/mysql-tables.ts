/** Reads what the engine stored in MySQL with SQL of its own, past every line of engine code. */
import { createConnection } from "mysql2/promise";
import { type Tls, tlsOptions } from "../lib/tls.ts";
import type { StoredOrder, StoredSale } from "./checker.ts";

export interface MysqlPlace {
  readonly url: string;
  readonly tls: Tls;
}

interface Row {
  readonly id: string;
  readonly buyerId: string;
  readonly requestKey: string;
  readonly quantity: number;
  readonly status: string;
}

/** Throws if the tables cannot be read or are not the engine's. */
export async function readStoredInMysql(place: MysqlPlace, saleId: string): Promise<StoredSale> {
  const { url, tls } = place;
  const ssl = tls.enabled ? { ssl: { ...tlsOptions(tls), verifyIdentity: true } } : {};
  const connection = await createConnection({ uri: url, ...ssl });
  try {
    const sale = Number(saleId.slice(1));
    // One snapshot, so that the orders and the ledger are of the same moment.
    await connection.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    const [rows] = await connection.query(
      `SELECT HEX(id) AS id, buyer_id AS buyerId, request_key AS requestKey, quantity, status
       FROM orders WHERE sale = ? ORDER BY id`,
      [sale],
    );
    const [ledgers] = await connection.query("SELECT sold FROM ledger WHERE sale = ?", [sale]);
    const [ledger] = ledgers as { sold: number }[];
    if (ledger === undefined) throw new Error(`the ledger has no row for sale ${saleId}`);
    return { source: "tables", orders: (rows as Row[]).map(storedOrder), sold: ledger.sold };
  } finally {
    connection.destroy();
  }
}

function storedOrder(row: Row): StoredOrder {
  return { ...row, id: orderIdOf(row.id) };
}

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The key has the sale in front, the id has the time there; 26 letters of five bits each, the
 * first two for the upper 8 bits of the time. */
function orderIdOf(key: string): string {
  const [sale, time, rest] = [key.slice(0, 8), key.slice(8, 20), key.slice(20)];
  const high = base32(BigInt(`0x${time.slice(0, 2)}`), 2);
  const low = base32(BigInt(`0x${time.slice(2)}`), 8);
  return `${high}${low}${base32(BigInt(`0x${sale}${rest}`), 16)}`;
}

function base32(value: bigint, length: number): string {
  let text = "";
  for (let left = value; text.length < length; left >>= 5n) {
    text = `${letters[Number(left & 31n)]}${text}`;
  }
  return text;
}
