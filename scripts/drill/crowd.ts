// Buyers who come to a sale at a steady rate, and do what buyers do when answers get lost: ask
// again with the same key, here or there, or with a new one, or twice at once.

import type { Random } from "../../src/rush/random.ts";
import type { PurchaseCall } from "./history.ts";
import type { ShopWindow, Wish } from "./shop-window.ts";

export interface QueueOptions {
  readonly sale: string;
  readonly perBuyerLimit: number;
  readonly arrivalsPerSecond: number;
}

/** More do not come while these wait: an outage must not become a storm. */
const waitingMax = 20;
const patienceMs = 30_000;
const backoffMs = 250;
const backoffMaxMs = 2_000;
const afterwardsMs = 6_000;

/** Of all who come … */
const share = {
  /** … have been there before. */
  again: 0.2,
  /** … press the button twice. */
  twice: 0.08,
  /** … want two units. */
  two: 0.2,
  /** … look again later whether they have their order, or whether there is one after all. */
  later: 0.1,
  /** Of those who got no answer, try with another key. */
  otherKey: 0.2,
};

export class Queue {
  private readonly shop: Pick<ShopWindow, "urls" | "buy">;
  private readonly options: QueueOptions;
  private readonly random: Random;
  private readonly waiting = new Set<Promise<void>>();
  private readonly welcoming: Promise<void>;
  private lastAccepted: PurchaseCall[] = [];
  private came = 0;
  private keys = 0;
  private open = true;

  constructor(shop: Pick<ShopWindow, "urls" | "buy">, options: QueueOptions, random: Random) {
    this.shop = shop;
    this.options = options;
    this.random = random;
    this.welcoming = this.welcome();
  }

  /** When the first of the accepted orders was answered that were asked for since a moment. */
  acceptedSince(moment: number): number | null {
    const since = this.lastAccepted.filter(({ calledAt }) => calledAt >= moment);
    return since.length === 0 ? null : Math.min(...since.map(({ answeredAt }) => answeredAt));
  }

  /** Nobody comes any more. Resolves when everybody has left. */
  async close(): Promise<void> {
    this.open = false;
    await this.welcoming;
    await Promise.all(this.waiting);
  }

  private async welcome(): Promise<void> {
    while (this.open) {
      this.arrive();
      await Bun.sleep((2 * this.random() * 1_000) / this.options.arrivalsPerSecond);
    }
  }

  private arrive(): void {
    if (this.waiting.size >= waitingMax) return;
    const wish = this.wish();
    for (let tries = this.random() < share.twice ? 2 : 1; tries > 0; tries -= 1) {
      const one = this.serve(wish).finally(() => this.waiting.delete(one));
      this.waiting.add(one);
    }
  }

  private wish(): Wish {
    const { sale, perBuyerLimit } = this.options;
    const isOld = this.came > 0 && this.random() < share.again;
    const number = isOld ? Math.floor(this.random() * this.came) : this.came;
    if (!isOld) this.came += 1;
    const quantity = perBuyerLimit > 1 && this.random() < share.two ? 2 : 1;
    return { sale, buyer: `buyer-${sale}-${number}`, key: this.newKey(), quantity };
  }

  private newKey(): string {
    this.keys += 1;
    return `key-${this.keys}`;
  }

  private async serve(first: Wish): Promise<void> {
    let [wish, pauseMs] = [first, backoffMs];
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      const next = this.whatNext(await this.ask(wish));
      if (next === "leave") return;
      if (next === "later") {
        await Bun.sleep(this.random() * afterwardsMs);
        return void (await this.ask(wish));
      }
      if (next === "other-key") wish = { ...wish, key: this.newKey() };
      await Bun.sleep(pauseMs * (0.5 + this.random()));
      pauseMs = Math.min(pauseMs * 2, backoffMaxMs);
    }
  }

  private async ask(wish: Wish): Promise<PurchaseCall> {
    const { urls } = this.shop;
    const url = urls[Math.floor(this.random() * urls.length)] ?? "";
    const call = await this.shop.buy(wish, url);
    if (call.outcome === "accepted") {
      this.lastAccepted = [...this.lastAccepted.slice(-acceptedKept), call];
    }
    return call;
  }

  private whatNext({ outcome }: PurchaseCall): "leave" | "later" | "again" | "other-key" {
    if (outcome === "accepted" || refusals.has(outcome)) {
      return this.random() < share.later ? "later" : "leave";
    }
    if (outcome === "reserved") return this.random() < 0.5 ? "leave" : "again";
    const isUnknown = outcome === "lost" || outcome === "outcome-unknown";
    return isUnknown && this.random() < share.otherKey ? "other-key" : "again";
  }
}

const acceptedKept = 200;
const refusals = new Set([
  "sold-out",
  "buyer-limit-reached",
  "sale-paused",
  "sale-ended",
  "sale-not-open",
]);
