// Opens the sales of a drill, keeps buyers in front of them, and does what their admins do.

import { seededRandom } from "../../src/rush/random.ts";
import { type SaleTerms, type ShortSale, shortSales, steadySales } from "./assortment.ts";
import { openQueue, type Queue } from "./crowd.ts";
import type { History } from "./history.ts";
import type { Change, ShopWindow } from "./shop-window.ts";

export interface Market {
  /** Whether every steady sale sold something that was asked for since a moment: when the last of
   *  them did. */
  allSoldSince(moment: number): number | null;
  /** The steady sales that did not. */
  notSoldSince(moment: number): readonly string[];
  /** No new sales, no new buyers. Resolves when everybody has left. */
  close(): Promise<void>;
}

const steadyArrivals = 6;
const rateLimit = { perSecond: 100_000, burst: 100_000 };
const price = { amount: "199.00", currency: "CNY" };
const retryMs = 300;
const adminPatienceMs = 120_000;

export async function openMarket(
  shop: ShopWindow,
  history: Pick<History, "add">,
  seed: number,
): Promise<Market> {
  const random = seededRandom(seed + 1);
  const running = new Set<Promise<void>>();
  const steady: { readonly name: string; readonly queue: Queue }[] = [];
  let open = true;

  const anyUrl = () => shop.urls[Math.floor(random() * shop.urls.length)] ?? "";

  async function insist<T>(attempt: () => Promise<T | null>): Promise<T> {
    const deadline = performance.now() + adminPatienceMs;
    for (;;) {
      const answer = await attempt();
      if (answer !== null) return answer;
      if (performance.now() > deadline) throw new Error("an admin's call is not answered");
      await Bun.sleep(retryMs);
    }
  }

  async function create(terms: SaleTerms): Promise<string> {
    const id = await insist(async () => {
      const body = { productId: "drill", price, rateLimit, ...terms };
      const answer = await shop.ask("POST", `${anyUrl()}/v1/sales`, body);
      return answer?.status === 201 ? String(answer.body.id) : null;
    });
    const { stock, perBuyerLimit: limit, name } = terms;
    history.add({ type: "sale", sale: id, stock, limit, terms: name });
    return id;
  }

  function change(sale: string, what: Change): Promise<true> {
    return insist(async () => {
      const { outcome } = await shop.change(sale, what, anyUrl());
      return outcome === "unknown" ? null : true;
    });
  }

  function queueAt(sale: string, { perBuyerLimit }: SaleTerms, arrivalsPerSecond: number): Queue {
    const own = seededRandom(Math.floor(random() * 2 ** 31));
    return openQueue(shop, { sale, perBuyerLimit, arrivalsPerSecond }, own);
  }

  /** Buyers come before it opens, and for a while after it has closed. */
  async function play({ terms, arrivalsPerSecond, chapters }: ShortSale): Promise<void> {
    const sale = await create(terms);
    const queue = queueAt(sale, terms, arrivalsPerSecond);
    await Bun.sleep(500);
    await change(sale, { action: "open" });
    for (const chapter of chapters) {
      await Bun.sleep(open ? chapter.afterMs : 0);
      await change(sale, chapter.change);
    }
    await Bun.sleep(500);
    await queue.close();
  }

  async function goOn(): Promise<void> {
    for (const short of shortSales(random)) {
      if (!open) return;
      const playing = play(short).finally(() => running.delete(playing));
      running.add(playing);
      await Bun.sleep(short.nextAfterMs);
    }
  }

  for (const terms of steadySales()) {
    const sale = await create(terms);
    await change(sale, { action: "open" });
    steady.push({ name: terms.name, queue: queueAt(sale, terms, steadyArrivals) });
  }
  const goingOn = goOn();

  const notSoldSince = (moment: number) =>
    steady.filter(({ queue }) => queue.acceptedSince(moment) === null).map(({ name }) => name);

  return {
    notSoldSince,
    allSoldSince: (moment) => {
      if (notSoldSince(moment).length > 0) return null;
      return Math.max(...steady.map(({ queue }) => queue.acceptedSince(moment) ?? 0));
    },
    close: async () => {
      open = false;
      await goingOn;
      await Promise.all(running);
      await Promise.all(steady.map(({ queue }) => queue.close()));
    },
  };
}
