/** The contract suite of the strategies on the embedded stores. */
import { systemClock } from "../../src/adapters/shared/system-clock.ts";
import { actOnSale } from "../../src/usecases/change-sale.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { embeddedEngine } from "../support/embedded-engine.ts";
import { type StrategyHarness, strategyContract } from "./strategies.ts";

async function embedded(): Promise<StrategyHarness> {
  const engine = await embeddedEngine();
  const { deps } = engine;
  const applied = () => undefined;
  return {
    openSale: engine.openSale,
    process: () => purchaseBatches({ ...deps, clock: systemClock, applied }),
    pause: async ({ id }) => void (await actOnSale(deps, id, "pause")),
    level: ({ id }) => deps.stock.level(id),
    close: engine.close,
  };
}

strategyContract("embedded", "atomic", embedded);
strategyContract("embedded", "locked", embedded);
strategyContract("embedded", "database", embedded);
