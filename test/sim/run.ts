/** One run: sales open, a crowd buys while things go wrong; then nothing goes wrong any more, and
 *  all must come to rest; then whatever is left is bought, and the books must balance. */
import { instant, type SaleId, units } from "../../src/domain/ids.ts";
import type { SaleTerms } from "../../src/domain/sale.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { actOnSale, createSale } from "../../src/usecases/change-sale.ts";
import { terms } from "../support/builders.ts";
import { checkEnd, restlessness } from "./checks/end.ts";
import { act, ask, buy, type History, keepBuying, sleep } from "./clients.ts";
import { beginMs } from "./engine/host.ts";
import { inject } from "./faults.ts";
import type { Plan, SalePlan } from "./plan.ts";
import { type Violation, type World, type WorldOptions, world } from "./world.ts";

export interface Outcome {
  readonly violation: Violation | null;
  /** Happenings, and virtual milliseconds. */
  readonly steps: number;
  readonly ms: number;
  readonly calls: number;
  readonly accepted: number;
  readonly digest: number;
}

/** After the last fault everything must be at rest within this time. */
const restWithinMs = 240_000;
/** Purchases and actions that are tried again take so long. */
const clientsMs = 25_000;

export function run(plan: Plan, options: WorldOptions = {}): Outcome {
  const self = world(plan, options);
  const history: History = { calls: [], actions: [] };
  for (const process of self.processes) process.start();
  let opened = 0;
  plan.sales.forEach((sale, at) => {
    void open(self, sale, at).then(() => {
      opened += 1;
    });
  });
  for (const one of plan.purchases) buy(self, history, one);
  for (const one of plan.actions) act(self, history, one);
  inject(self);
  const { time } = self;
  const broken = () => self.violation() !== null;
  time.run(faultsEnd(plan), broken);
  heal(self);
  time.run(
    time.now() + clientsMs,
    () => broken() || (opened === plan.sales.length && isQuiet(self, history, plan)),
  );
  settle(self);
  if (!broken()) {
    buyTheRest(self, history);
    settle(self);
  }
  if (!broken()) checkEnd(self, history);
  const accepted = history.calls.filter(
    ({ answer }) => typeof answer === "object" && answer.status === "accepted",
  );
  return {
    violation: self.violation(),
    steps: time.steps(),
    ms: time.now(),
    calls: history.calls.length,
    accepted: accepted.length,
    digest: self.digest(),
  };
}

/** Whatever went away has come back by then, or comes back as things are healed. */
function faultsEnd({ activeMs, faults }: Plan): number {
  const ends = faults.map((fault) =>
    fault.kind === "restart" ? fault.at + fault.forMs : fault.at,
  );
  return Math.max(activeMs + 500, ...ends.map((at) => at + 1));
}

/** Whether every action has had its last try. */
function isQuiet({ time }: World, { actions }: History, plan: Plan): boolean {
  const begun = actions.length === plan.actions.length;
  return begun && time.now() > plan.activeMs + 3_000 && actions.every(({ ended }) => ended);
}

async function open(self: World, plan: SalePlan, at: number): Promise<void> {
  const chance = self.chance.stream(`sale ${at}`);
  const productId = `product-${at}`;
  // Made, and nobody heard of it: the admin looks it up in the list.
  const known = () =>
    [...self.tables.entries.values()].find(({ sale }) => sale.productId === productId)?.sale.id;
  while (known() === undefined) {
    const wanted = { ...termsOf(plan), productId };
    const made = await ask(self, chance, (stores) => createSale(stores, wanted));
    // Nobody could be reached until it was to be over.
    if (typeof made === "object" && !made.ok) return;
    if (known() === undefined) await sleep(self, 200);
  }
  const id = known() as SaleId;
  self.saleIds.set(at, id);
  while (plan.startsAt === null) {
    const done = await ask(self, chance, (stores) => actOnSale(stores, id, "open"));
    if (typeof done === "object") return;
    await sleep(self, 200);
  }
}

function termsOf({ startsAt, endsAt, stock, perBuyerLimit, ...plan }: SalePlan): SaleTerms {
  const time = (ms: number | null) => (ms === null ? null : instant(beginMs + ms));
  return terms({
    ...plan,
    stock: units(stock),
    perBuyerLimit: units(perBuyerLimit),
    startsAt: time(startsAt),
    endsAt: time(endsAt),
  });
}

function heal(self: World): void {
  self.note(() => "from now on nothing goes wrong");
  self.net.heal();
  self.etcd.renewLeases();
  for (const { host } of self.processes) host.resume();
}

/** Lets time pass until all is at rest. */
function settle(self: World): void {
  const { time, violated, log } = self;
  let lookAt = time.now() + 100;
  const atRest = () => {
    if (self.violation() !== null) return true;
    if (time.now() < lookAt) return false;
    lookAt = time.now() + 200;
    return restlessness(self) === null;
  };
  // A service that was to come back later does so first.
  if (time.run(time.now() + restWithinMs, atRest)) return;
  const why = restlessness(self) ?? "not told";
  violated(
    "everything comes to rest",
    log.isDrained(ordersGroup) ? why : `the log is not consumed`,
  );
}

/** One unit each, by buyers who were not here before, and who try again while they may hope. */
function buyTheRest(self: World, history: History): void {
  const { time, saleIds } = self;
  const chance = self.chance.stream("the rest");
  let [open, done] = [0, 0];
  for (const saleId of saleIds.values()) {
    const entry = self.tables.entries.get(saleId);
    if (
      entry?.sale.state !== "open" ||
      (entry.sale.endsAt ?? Number.POSITIVE_INFINITY) < beginMs + time.now() + 60_000
    )
      continue;
    const left = entry.total - entry.sold;
    for (let at = 0; at <= left; at += 1) {
      open += 1;
      const plan = { buyer: `rest-${at}`, key: "k", quantity: 1, tries: 20 };
      void keepBuying(self, history, chance.stream(`${saleId} ${at}`), saleId, plan).then(() => {
        done += 1;
      });
    }
  }
  time.run(time.now() + 60_000, () => done === open);
}
