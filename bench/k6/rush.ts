// A crowd that comes at once and will not be turned away: as many buyers as there are virtual users
// press at the same moment, a 429 is tried again after its Retry-After with the same request key,
// and the next buyer comes when one has his answer. Ends sold out.

import { sleep } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { acknowledged, buy, purchaseOf } from "./purchase.ts";
import { settingsOver } from "./settings.ts";
import { closeShop, crowdOf, openShop, type Shop } from "./shop.ts";
import { summaryTrendStats, systemTags, thresholdsOf } from "./thresholds.ts";

const settings = settingsOver({
  ...{ vus: 1_000, rate: 1, seconds: 300 },
  ...{ attempts: 10_000, stock: 1_000, perBuyer: 1 },
});
const crowd = crowdOf(settings);

export const options: Options = {
  summaryTrendStats,
  systemTags: [...systemTags],
  thresholds: thresholdsOf(settings),
  setupTimeout: "5m",
  teardownTimeout: "2m",
  scenarios: {
    rush: {
      exec: "buyer",
      executor: "shared-iterations",
      vus: settings.vus,
      iterations: settings.attempts,
      maxDuration: `${settings.seconds}s`,
      gracefulStop: "30s",
    },
  },
};

export function setup(): Shop {
  return openShop(settings);
}

export function buyer(shop: Shop): void {
  const number = exec.scenario.iterationInTest;
  const purchase = purchaseOf(settings, crowd, shop, { buyer: number, name: String(number) });
  let answer = buy(purchase);
  while (answer.outcome === "rate-limited") {
    sleep(answer.retryAfterSeconds);
    answer = buy(purchase);
  }
  acknowledged(answer);
}

export function teardown(shop: Shop): void {
  closeShop(settings, shop);
}
