// Opens the sales of a drill, keeps buyers in front of them, and does what their admins do.

import { type Random, seededRandom } from "../../src/rush/random.ts";
import { type SaleTerms, type ShortSale, shortSales, steadySales } from "./assortment.ts";
import { Queue } from "./crowd.ts";
import type { History } from "./history.ts";
import type { Change, ShopWindow } from "./shop-window.ts";

const steadyArrivals = 6;
const rateLimit = { perSecond: 100_000, burst: 100_000 };
const price = { amount: "199.00", currency: "CNY" };
const retryMs = 300;
const patienceMs = 120_000;
/** Buyers come before a sale opens, and are there for a while after it has closed. */
const aroundMs = 500;

export class Market {
  private readonly shop: ShopWindow;
  private readonly history: Pick<History, "add">;
  private readonly random: Random;
  private readonly steady: { readonly name: string; readonly queue: Queue }[] = [];
  private readonly running = new Set<Promise<void>>();
  private goingOn: Promise<void> = Promise.resolve();
  private open = true;

  constructor(shop: ShopWindow, history: Pick<History, "add">, random: Random) {
    this.shop = shop;
    this.history = history;
    this.random = random;
  }

  /** Resolves once the steady sales are open. */
  async start(): Promise<void> {
    for (const terms of steadySales()) {
      const sale = await this.create(terms);
      await this.change(sale, { action: "open" });
      this.steady.push({ name: terms.name, queue: this.queueAt(sale, terms, steadyArrivals) });
    }
    this.goingOn = this.goOn();
  }

  /** Once every steady sale has sold something that was asked for since a moment: when the last of
   *  them did so for the first time. */
  allSoldSince(moment: number): number | null {
    if (this.notSoldSince(moment).length > 0) return null;
    return Math.max(...this.steady.map(({ queue }) => queue.acceptedSince(moment) ?? 0));
  }

  /** The steady sales that did not. */
  notSoldSince(moment: number): readonly string[] {
    const silent = this.steady.filter(({ queue }) => queue.acceptedSince(moment) === null);
    return silent.map(({ name }) => name);
  }

  /** No new sales, no new buyers. Resolves when everybody has left. */
  async close(): Promise<void> {
    this.open = false;
    await this.goingOn;
    await Promise.all(this.running);
    await Promise.all(this.steady.map(({ queue }) => queue.close()));
  }

  private async goOn(): Promise<void> {
    for (const short of shortSales(this.random)) {
      if (!this.open) return;
      const playing = this.play(short).finally(() => this.running.delete(playing));
      this.running.add(playing);
      await Bun.sleep(short.nextAfterMs);
    }
  }

  private async play({ terms, arrivalsPerSecond, chapters }: ShortSale): Promise<void> {
    const sale = await this.create(terms);
    const queue = this.queueAt(sale, terms, arrivalsPerSecond);
    await Bun.sleep(aroundMs);
    await this.change(sale, { action: "open" });
    for (const chapter of chapters) {
      await Bun.sleep(this.open ? chapter.afterMs : 0);
      await this.change(sale, chapter.change);
    }
    await Bun.sleep(aroundMs);
    await queue.close();
  }

  private async create(terms: SaleTerms): Promise<string> {
    const id = await insist(async () => {
      const body = { productId: "drill", price, rateLimit, ...terms };
      const answer = await this.shop.ask("POST", `${this.anyUrl()}/v1/sales`, body);
      return answer?.status === 201 ? String(answer.body.id) : null;
    });
    const { stock, perBuyerLimit: limit, name } = terms;
    this.history.add({ type: "sale", sale: id, stock, limit, terms: name });
    return id;
  }

  private change(sale: string, what: Change): Promise<true> {
    return insist(async () => {
      const { outcome } = await this.shop.change(sale, what, this.anyUrl());
      return outcome === "unknown" ? null : true;
    });
  }

  private queueAt(sale: string, { perBuyerLimit }: SaleTerms, arrivalsPerSecond: number): Queue {
    const random = seededRandom(Math.floor(this.random() * 2 ** 31));
    return new Queue(this.shop, { sale, perBuyerLimit, arrivalsPerSecond }, random);
  }

  private anyUrl(): string {
    const { urls } = this.shop;
    return urls[Math.floor(this.random() * urls.length)] ?? "";
  }
}

/** An admin tries again until there is an answer. */
async function insist<T>(attempt: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await attempt();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error("an admin's call is not answered");
    await Bun.sleep(retryMs);
  }
}
