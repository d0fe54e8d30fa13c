// A buyer who asks once: a 429 is not tried again, since what is measured is what it costs to
// answer, and above all to refuse. Each purchase has a request key of its own.

import exec from "k6/execution";
import { acknowledged, buy, purchaseOf } from "./purchase.ts";
import type { Run } from "./run.ts";
import type { Shop } from "./shop.ts";

export function buyOnce({ settings, crowd }: Run): (shop: Shop) => void {
  return (shop) => {
    const number = exec.scenario.iterationInTest;
    acknowledged(buy(purchaseOf(settings, crowd, shop, { buyer: number, name: String(number) })));
  };
}
