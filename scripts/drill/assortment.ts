// The sales of a drill: steady ones of every kind, by which is seen whether everything works, and
// short ones that come and go, sell out, are restocked, paused and closed.

import type { Random } from "../../src/rush/random.ts";
import type { Change } from "./shop-window.ts";

export interface SaleTerms {
  readonly name: string;
  readonly stock: number;
  readonly perBuyerLimit: number;
  readonly buckets: number;
  readonly strategy: "atomic" | "locked" | "database";
  readonly fallback?: "database";
}

type Kind = Pick<SaleTerms, "buckets" | "strategy" | "fallback">;

const kinds: readonly Kind[] = [
  { strategy: "atomic", buckets: 1 },
  { strategy: "atomic", buckets: 4 },
  { strategy: "locked", buckets: 1 },
  { strategy: "database", buckets: 1 },
  { strategy: "atomic", buckets: 4, fallback: "database" },
  { strategy: "locked", buckets: 1, fallback: "database" },
];

const steadyStock = 1_000_000;

export function steadySales(): SaleTerms[] {
  return kinds.map((kind) => termsOf(kind, "steady", steadyStock, 2));
}

/** What its admin does in a short sale, one after the other. */
export interface Chapter {
  readonly afterMs: number;
  readonly change: Change;
}

export interface ShortSale {
  readonly terms: SaleTerms;
  readonly arrivalsPerSecond: number;
  readonly chapters: readonly Chapter[];
  /** Until the next one opens. */
  readonly nextAfterMs: number;
}

/** Without end. */
export function* shortSales(random: Random): Generator<ShortSale> {
  const between = (least: number, most: number) =>
    least + Math.floor(random() * (most - least + 1));
  for (let at = 0; ; at = (at + 1) % kinds.length) {
    const kind = kinds[at] as Kind;
    yield {
      terms: termsOf(kind, "short", between(10, 150), between(1, 3)),
      arrivalsPerSecond: between(8, 20),
      chapters: chaptersOf(random, between),
      nextAfterMs: between(5_000, 12_000),
    };
  }
}

function chaptersOf(random: Random, between: (least: number, most: number) => number): Chapter[] {
  const restock = (): Chapter => {
    const change = {
      action: "restock",
      added: between(1, 50),
      key: `restock-${random()}`,
    } as const;
    return { afterMs: between(3_000, 12_000), change };
  };
  const pause = (): Chapter[] => [
    { afterMs: between(1_000, 8_000), change: { action: "pause" } },
    { afterMs: between(1_000, 5_000), change: { action: "resume" } },
  ];
  const last: Chapter = { afterMs: between(4_000, 12_000), change: { action: "close" } };
  const middle = random() < 0.5 ? [restock(), ...pause()] : [...pause(), restock()];
  return [...middle, ...(random() < 0.5 ? [restock()] : []), last];
}

function termsOf(kind: Kind, what: string, stock: number, perBuyerLimit: number): SaleTerms {
  const { strategy, buckets, fallback } = kind;
  const place = fallback === undefined ? "" : " or ledger";
  return { name: `${what}, ${strategy}${place}, ${buckets}`, stock, perBuyerLimit, ...kind };
}
