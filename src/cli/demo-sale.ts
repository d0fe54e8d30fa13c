/** The sale of `npm start`: made over the public API, unless some sale is open already. */
import { type ApiClient, callApi } from "./api-client.ts";
import { createSale } from "./sale-create.ts";
import { type SaleView, salePageSchema } from "./sale-view.ts";

const demoTerms = {
  productId: "aurora-one",
  name: "Aurora One, the phone of the year",
  stock: 1_000,
  price: { amount: "1999.00", currency: "CNY" },
  perBuyerLimit: 1,
};

export async function ensureDemoSale(url: string, token: string): Promise<SaleView> {
  const client = { url: url.replace(/\/$/, ""), token };
  return (await openSale(client)) ?? createSale(client, demoTerms, true);
}

async function openSale(client: ApiClient): Promise<SaleView | null> {
  let cursor: string | null = null;
  do {
    const page = await salePage(client, cursor);
    const open = page.items.find((sale) => sale.state === "open");
    if (open !== undefined) return open;
    cursor = page.nextCursor ?? null;
  } while (cursor !== null);
  return null;
}

function salePage(client: ApiClient, cursor: string | null) {
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  return callApi(client, { path: `/v1/sales?limit=200${after}` }, salePageSchema);
}
