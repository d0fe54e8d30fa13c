// A crowd that comes at once and will not be turned away: as many buyers as there are virtual users
// press at the same moment, a 429 is tried again after its Retry-After with the same request key,
// and the next buyer comes when one has his answer. Ends sold out.

import { sleep } from "k6";
import exec from "k6/execution";
import { acknowledged, buy, purchaseOf } from "./purchase.ts";
import { runOf } from "./run.ts";
import type { Shop } from "./shop.ts";

const run = runOf("rush", "buyer");

export const { options, setup, teardown, handleSummary } = run;

export function buyer(shop: Shop): void {
  const number = exec.scenario.iterationInTest;
  const who = { buyer: number, name: String(number) };
  const purchase = purchaseOf(run.settings, run.crowd, shop, who);
  let answer = buy(purchase);
  while (answer.outcome === "rate-limited") {
    sleep(answer.retryAfterSeconds);
    answer = buy(purchase);
  }
  acknowledged(answer);
}
