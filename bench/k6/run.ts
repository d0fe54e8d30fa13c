// What k6 asks of a script, for one scenario of the table: options, setup, teardown, summary.

import type { Scenario as K6Scenario, Options } from "k6/options";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { type Settings, settingsOver } from "./settings.ts";
import { type Crowd, closeShop, crowdOf, openShop, type Shop } from "./shop.ts";
import { filesOf, type Raw } from "./summary.ts";
import { summaryTrendStats, systemTags, thresholdsOf } from "./thresholds.ts";

export interface Run {
  readonly settings: Settings;
  readonly crowd: Crowd;
  readonly options: Options;
  setup(): Shop;
  teardown(shop: Shop): void;
  handleSummary(raw: Raw): Record<string, string>;
}

/** Must be called while k6 reads the script, of which `exec` is the function to run. */
export function runOf(name: ScenarioName, exec: string): Run {
  const settings = settingsOver(scenarios[name].defaults);
  return {
    settings,
    crowd: crowdOf(settings),
    options: {
      summaryTrendStats,
      systemTags: [...systemTags],
      thresholds: thresholdsOf(settings),
      setupTimeout: "5m",
      teardownTimeout: "2m",
      scenarios: { [name]: { exec, gracefulStop: "60s", ...executorOf(name, settings) } },
    },
    setup: () => openShop(settings),
    teardown: (shop) => closeShop(settings, shop),
    handleSummary: (raw) => filesOf(name, settings.summary, raw),
  };
}

function executorOf(name: ScenarioName, settings: Settings): K6Scenario {
  const { vus, attempts, seconds } = settings;
  const arrivals = scenarios[name].arrivals?.(settings) ?? null;
  if (arrivals === null) {
    const maxDuration = `${seconds}s`;
    return { executor: "shared-iterations", vus, iterations: attempts, maxDuration };
  }
  return {
    executor: "ramping-arrival-rate",
    startRate: arrivals.perSecond,
    timeUnit: "1s",
    preAllocatedVUs: vus,
    stages: arrivals.stages.map((one) => ({
      target: one.toPerSecond,
      duration: `${one.seconds}s`,
    })),
  };
}
