// Buyers who come to a sale at a steady rate, and do what buyers do when answers get lost: ask
// again with the same key, here or there, or with a new one, or twice at once.

import type { Random } from "../../src/rush/random.ts";
import type { PurchaseCall } from "./history.ts";
import type { ShopWindow, Wish } from "./shop-window.ts";

export interface Queue {
  /** When the first of the accepted orders was answered that were asked for since a moment. */
  acceptedSince(moment: number): number | null;
  /** Nobody comes any more. Resolves when everybody has left. */
  close(): Promise<void>;
}

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

export function openQueue(
  shop: Pick<ShopWindow, "urls" | "buy">,
  { sale, perBuyerLimit, arrivalsPerSecond }: QueueOptions,
  random: Random,
): Queue {
  const waiting = new Set<Promise<void>>();
  let [came, keys] = [0, 0];
  let open = true;
  let lastAccepted: PurchaseCall[] = [];

  function wishOf(): Wish {
    const isOld = came > 0 && random() < share.again;
    const number = isOld ? Math.floor(random() * came) : came;
    if (!isOld) came += 1;
    const quantity = perBuyerLimit > 1 && random() < share.two ? 2 : 1;
    return { sale, buyer: `buyer-${sale}-${number}`, key: newKey(), quantity };
  }

  function newKey(): string {
    keys += 1;
    return `key-${keys}`;
  }

  async function serve(first: Wish): Promise<void> {
    let wish = first;
    const deadline = performance.now() + patienceMs;
    for (
      let pause = backoffMs;
      performance.now() < deadline;
      pause = Math.min(pause * 2, backoffMaxMs)
    ) {
      const call = await ask(wish);
      const next = whatNext(call);
      if (next === "leave") return;
      if (next === "later") {
        await Bun.sleep(random() * afterwardsMs);
        return void (await ask(wish));
      }
      if (next === "other-key") wish = { ...wish, key: newKey() };
      await Bun.sleep(pause * (0.5 + random()));
    }
  }

  async function ask(wish: Wish): Promise<PurchaseCall> {
    const url = shop.urls[Math.floor(random() * shop.urls.length)] ?? "";
    const call = await shop.buy(wish, url);
    if (call.outcome === "accepted") lastAccepted = [...lastAccepted.slice(-acceptedKept), call];
    return call;
  }

  function whatNext({ outcome }: PurchaseCall): "leave" | "later" | "again" | "other-key" {
    if (outcome === "accepted" || refusals.has(outcome)) {
      return random() < share.later ? "later" : "leave";
    }
    if (outcome === "reserved") return random() < 0.5 ? "leave" : "again";
    const isUnknown = outcome === "lost" || outcome === "outcome-unknown";
    return isUnknown && random() < share.otherKey ? "other-key" : "again";
  }

  function arrive(): void {
    if (waiting.size >= waitingMax) return;
    const wish = wishOf();
    for (let tries = random() < share.twice ? 2 : 1; tries > 0; tries -= 1) {
      const one = serve(wish).finally(() => waiting.delete(one));
      waiting.add(one);
    }
  }

  async function welcome(): Promise<void> {
    while (open) {
      arrive();
      await Bun.sleep((2 * random() * 1_000) / arrivalsPerSecond);
    }
  }

  const welcoming = welcome();
  return {
    acceptedSince: (moment) => {
      const since = lastAccepted.filter(({ calledAt }) => calledAt >= moment);
      return since.length === 0 ? null : Math.min(...since.map(({ answeredAt }) => answeredAt));
    },
    close: async () => {
      open = false;
      await welcoming;
      await Promise.all(waiting);
    },
  };
}

const acceptedKept = 200;
const refusals = new Set([
  "sold-out",
  "buyer-limit-reached",
  "sale-paused",
  "sale-ended",
  "sale-not-open",
]);
