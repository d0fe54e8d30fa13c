// Impatient buyers: each presses three times at once and once more when he has an answer, always
// with the same request key. However often he asks, he must get one order, and always the same.

import { check, sleep } from "k6";
import exec from "k6/execution";
import { type Answer, acknowledged, buy, buyAtOnce, purchaseOf } from "./purchase.ts";
import { runOf } from "./run.ts";
import type { Shop } from "./shop.ts";

const run = runOf("retries", "impatient");

export const { options, setup, teardown, handleSummary } = run;

export function impatient(shop: Shop): void {
  const number = exec.scenario.iterationInTest;
  const who = { buyer: number, name: String(number) };
  const purchase = purchaseOf(run.settings, run.crowd, shop, who);
  const answers = buyAtOnce(purchase, pressedAtOnce);
  let last = buy(purchase);
  while (last.outcome === "rate-limited") {
    sleep(last.retryAfterSeconds);
    last = buy(purchase);
  }
  acknowledged(last);
  const ids = orderIdsIn([...answers, last]);
  check(ids, { "one key has one order": (all) => all.length <= 1 });
  if (ids.length > 0) {
    check(last, { "whoever has an order is told so again": ({ orderId }) => orderId === ids[0] });
  }
}

const pressedAtOnce = 3;

function orderIdsIn(answers: readonly Answer[]): string[] {
  return [...new Set(answers.flatMap(({ orderId }) => (orderId === null ? [] : [orderId])))];
}
