/** A sale as the API shows it, and as people read it. */
import { z } from "zod";
import { type Column, formatPairs, formatTable } from "./table.ts";

export const saleSchema = z.looseObject({
  id: z.string(),
  productId: z.string(),
  name: z.string(),
  price: z.looseObject({ amount: z.string(), currency: z.string() }),
  state: z.string(),
  startsAt: z.string().nullish(),
  endsAt: z.string().nullish(),
  stock: z.number(),
  remaining: z.number().nullish(),
  perBuyerLimit: z.number(),
  rateLimit: z
    .looseObject({
      perSecond: z.number(),
      burst: z.number(),
      adaptive: z.looseObject({ floorPerSecond: z.number() }).nullish(),
    })
    .optional(),
  strategy: z.string().optional(),
  fallback: z.string().nullish(),
  mode: z.string().optional(),
});

export type SaleView = z.output<typeof saleSchema>;

export const salePageSchema = z.looseObject({
  items: z.array(saleSchema),
  nextCursor: z.string().nullish(),
});

export function formatSales(sales: readonly SaleView[]): string {
  return formatTable(columns, sales);
}

export function formatSale(sale: SaleView): string {
  return formatPairs([
    ["sale", sale.id],
    ["name", sale.name],
    ["product", sale.productId],
    ["state", sale.state],
    ["price", price(sale)],
    ["stock", String(sale.stock)],
    ["remaining", remaining(sale)],
    ["per buyer", String(sale.perBuyerLimit)],
    ["rate", rateOf(sale)],
    ["strategy", strategyOf(sale)],
    ["starts", sale.startsAt ?? "-"],
    ["ends", sale.endsAt ?? "-"],
  ]);
}

function rateOf({ rateLimit }: SaleView): string {
  if (rateLimit === undefined) return "-";
  const { perSecond, burst, adaptive } = rateLimit;
  const rate = `${perSecond} per second, burst ${burst}`;
  return adaptive ? `${rate}; adapts, at least ${adaptive.floorPerSecond}` : rate;
}

function strategyOf({ strategy = "-", fallback, mode }: SaleView): string {
  if (!fallback) return strategy;
  return `${strategy}, falls back to the ${fallback}; sold from: ${mode ?? "-"}`;
}

/** For one line after a change. */
export function saleLine(sale: SaleView): string {
  return `${sale.id} is ${sale.state}: ${remaining(sale)} of ${sale.stock} units left`;
}

const columns: readonly Column<SaleView>[] = [
  { title: "SALE", cell: (sale) => sale.id },
  { title: "STATE", cell: (sale) => sale.state },
  { title: "LEFT", align: "right", cell: remaining },
  { title: "STOCK", align: "right", cell: (sale) => String(sale.stock) },
  { title: "PRICE", align: "right", cell: price },
  { title: "STARTS", cell: (sale) => sale.startsAt ?? "-" },
  { title: "NAME", cell: (sale) => sale.name },
];

function remaining(sale: SaleView): string {
  return sale.remaining === null || sale.remaining === undefined ? "-" : String(sale.remaining);
}

function price({ price }: SaleView): string {
  return `${price.amount} ${price.currency}`;
}
