// The reference scenario: up to 1,000 virtual users send 3,000 purchases per second for 30 s to a
// sale that takes 1,000 per second. Each purchase has a request key of its own, and nobody tries a
// 429 again: what is measured is what it costs to answer, and above all to refuse.

import exec from "k6/execution";
import type { Options } from "k6/options";
import { acknowledged, buy, purchaseOf } from "./purchase.ts";
import { settingsOver } from "./settings.ts";
import { closeShop, crowdOf, openShop, type Shop } from "./shop.ts";
import { summaryTrendStats, systemTags, thresholdsOf } from "./thresholds.ts";

const settings = settingsOver({
  ...{ vus: 1_000, rate: 3_000, seconds: 30 },
  ...{ attempts: 1, stock: 10_000, perBuyer: 1 },
});
const crowd = crowdOf(settings);

export const options: Options = {
  summaryTrendStats,
  systemTags: [...systemTags],
  thresholds: thresholdsOf(settings),
  setupTimeout: "5m",
  teardownTimeout: "2m",
  scenarios: {
    reference: {
      exec: "attempt",
      executor: "constant-arrival-rate",
      rate: settings.rate,
      duration: `${settings.seconds}s`,
      preAllocatedVUs: settings.vus,
      gracefulStop: "30s",
    },
  },
};

export function setup(): Shop {
  return openShop(settings);
}

export function attempt(shop: Shop): void {
  const number = exec.scenario.iterationInTest;
  acknowledged(buy(purchaseOf(settings, crowd, shop, { buyer: number, name: String(number) })));
}

export function teardown(shop: Shop): void {
  closeShop(settings, shop);
}
