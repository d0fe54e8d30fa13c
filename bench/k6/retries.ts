// Impatient buyers: each presses three times at once and once more when he has an answer, always
// with the same request key. However often he asks, he must get one order, and always the same.

import { check, sleep } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { type Answer, acknowledged, buy, buyAtOnce, purchaseOf } from "./purchase.ts";
import { settingsOver } from "./settings.ts";
import { closeShop, crowdOf, openShop, type Shop } from "./shop.ts";
import { summaryTrendStats, systemTags, thresholdsOf } from "./thresholds.ts";

const settings = settingsOver({
  ...{ vus: 500, rate: 200, seconds: 30 },
  ...{ attempts: 1, stock: 100_000, perBuyer: 1_000 },
});
const crowd = crowdOf(settings);

export const options: Options = {
  summaryTrendStats,
  systemTags: [...systemTags],
  thresholds: thresholdsOf(settings),
  setupTimeout: "5m",
  teardownTimeout: "2m",
  scenarios: {
    retries: {
      exec: "impatient",
      executor: "constant-arrival-rate",
      rate: settings.rate,
      duration: `${settings.seconds}s`,
      preAllocatedVUs: settings.vus,
      gracefulStop: "60s",
    },
  },
};

export function setup(): Shop {
  return openShop(settings);
}

export function impatient(shop: Shop): void {
  const number = exec.scenario.iterationInTest;
  const purchase = purchaseOf(settings, crowd, shop, { buyer: number, name: String(number) });
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

export function teardown(shop: Shop): void {
  closeShop(settings, shop);
}
