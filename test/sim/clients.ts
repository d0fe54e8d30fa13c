/** Buyers and admins: they ask a process, may never hear of it, and try again with the same key. */
import type { SaleId } from "../../src/domain/ids.ts";
import { type BuyerId, type RequestKey, units } from "../../src/domain/ids.ts";
import { fingerprintOf } from "../../src/domain/request-key.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { actOnSale, amendSale } from "../../src/usecases/change-sale.ts";
import { findOrder } from "../../src/usecases/find-orders.ts";
import { type PurchasedOrder, type PurchaseError, purchase } from "../../src/usecases/purchase.ts";
import { restock } from "../../src/usecases/restock.ts";
import { rebuild } from "../../src/usecases/warm-up.ts";
import type { Random } from "./engine/random.ts";
import type { ActionPlan, PurchasePlan } from "./plan.ts";
import type { Process, RoleName, Stores } from "./processes.ts";
import type { World } from "./world.ts";

/** One call as its client saw it. */
export interface Call {
  readonly saleId: SaleId;
  readonly buyer: string;
  readonly key: string;
  readonly quantity: number;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** `silence`: no answer came. */
  readonly answer: PurchasedOrder | PurchaseError["code"] | "sale-not-found" | "failed" | "silence";
}

export interface History {
  readonly calls: Call[];
  /** Admins' actions that began, with their ends if they had one. */
  readonly actions: Action[];
}

interface Action {
  readonly plan: ActionPlan;
  readonly calledAt: number;
  doneAt: number | null;
  ended: boolean;
  /** Whether it is being tried, or a try that nobody heard of may still be done. */
  mayCome: boolean;
}

const clientTimeoutMs = 2_500;
/** Some would wait for ever. */
const patientMs = 15_000;
const wireMs = 3;
/** Answers after which trying again may help. */
const passing = new Set([
  "silence",
  "failed",
  "stock-unavailable",
  "outcome-unknown",
  "overloaded",
]);

export function buy(world: World, history: History, plan: PurchasePlan): void {
  const chance = world.chance.stream(plan.name);
  world.time.after(plan.at, () => {
    const saleId = world.saleIds.get(plan.sale);
    if (saleId !== undefined) void keepBuying(world, history, chance, saleId, plan);
  });
}

type Wish = Pick<PurchasePlan, "buyer" | "key" | "quantity" | "tries">;

/** Until there is an answer for good, or it was tried often enough. */
export async function keepBuying(
  world: World,
  history: History,
  chance: Random,
  saleId: SaleId,
  wish: Wish,
): Promise<void> {
  for (let tries = 0; tries < wish.tries; tries += 1) {
    const call = await purchaseOnce(world, chance, saleId, wish);
    history.calls.push(call);
    const isOver = typeof call.answer === "object" && call.answer.status === "accepted";
    if (typeof call.answer === "object" && isOver) await lookUp(world, chance, call.answer);
    // Some had their answer and click once more.
    if (isOver && !chance.chance(0.15)) return;
    const refused = typeof call.answer === "string" && !passing.has(call.answer);
    if (refused && !chance.chance(0.3)) return;
    await sleep(world, 20 + chance.next() * 900);
  }
}

/** An order that was accepted is always found, however often and late its buyer looks. */
async function lookUp(world: World, chance: Random, { id }: PurchasedOrder): Promise<void> {
  if (!chance.chance(0.3)) return;
  await sleep(world, chance.next() * 60);
  await lookOnce(world, chance, id);
  if (chance.chance(0.5)) void keepLooking(world, chance.stream(id), id);
}

async function keepLooking(world: World, chance: Random, id: PurchasedOrder["id"]): Promise<void> {
  for (let looks = chance.whole(2, 12); looks > 0; looks -= 1) {
    await sleep(world, chance.next() * chance.pick([10, 40, 400, 2_000]));
    await lookOnce(world, chance, id);
  }
}

async function lookOnce(world: World, chance: Random, id: PurchasedOrder["id"]): Promise<void> {
  const found = await ask(world, chance, async (stores) => (await findOrder(stores, id)) ?? "none");
  if (found === "none") world.violated("what is accepted is found", id);
  if (typeof found === "object" && found.status === "refused") {
    world.violated("what is accepted is placed", `${id} reads ${found.reason}`);
  }
}

async function purchaseOnce(
  world: World,
  chance: Random,
  saleId: SaleId,
  plan: Wish,
): Promise<Call> {
  const { buyer, key, quantity } = plan;
  const calledAt = world.time.now();
  const command = {
    buyerId: buyer as BuyerId,
    requestKey: key as RequestKey,
    quantity: units(quantity),
    fingerprint: fingerprintOf({ quantity }),
  };
  const answer = await ask(world, chance, async (stores): Promise<Call["answer"]> => {
    const sale = await stores.directory.find(saleId);
    if (sale === null) return "sale-not-found";
    const bought = await purchase(stores, { sale, ...command });
    return bought.ok ? bought.value : bought.error.code;
  });
  const call = { saleId, buyer, key, quantity, calledAt, answeredAt: world.time.now(), answer };
  world.note(() => `${saleId} ${buyer} ${key}: ${shown(answer)}`);
  checkAnswer(world, call);
  return call;
}

/** What can be said at once. */
function checkAnswer({ log, tables, stock, violated }: World, call: Call): void {
  const { saleId, answer, quantity, calledAt, buyer, key } = call;
  if (typeof answer === "object") {
    const order = stock.taken.get(answer.id) ?? tables.orders.get(answer.id);
    if (order?.buyerId !== buyer || order.requestKey !== key || order.saleId !== saleId) {
      violated("a buyer hears of his own order", `${answer.id} told to ${buyer} ${key}`);
    }
    const isKept = log.has(answer.id) || tables.orders.has(answer.id);
    if (answer.status === "accepted" && !isKept) {
      violated("what is accepted is in the log", `${answer.id} of ${buyer} ${key}`);
    }
    return;
  }
  if (answer === "sold-out" && !stock.wasShort(saleId, quantity, calledAt)) {
    violated("sold out is said when it is true", `${saleId}, ${quantity} for ${buyer}`);
  }
  if (answer === "buyer-limit-reached") {
    const own = [...stock.taken.values(), ...tables.orders.values()].filter(
      (order) => order.saleId === saleId && order.buyerId === buyer,
    );
    const units = new Map(own.map((order) => [order.orderId, order.quantity as number]));
    const sum = [...units.values()].reduce((all, one) => all + one, 0);
    const limit = tables.entries.get(saleId)?.sale.perBuyerLimit ?? 0;
    if (sum + quantity <= limit) {
      violated("a buyer's limit is said when it is reached", `${saleId}, ${buyer} had ${sum}`);
    }
  }
}

function shown(answer: Call["answer"]): string {
  return typeof answer === "string" ? answer : `${answer.status} ${answer.id}`;
}

export function act(world: World, history: History, plan: ActionPlan): void {
  const chance = world.chance.stream(plan.name);
  world.time.after(plan.at, () => void tryAgain());

  async function tryAgain(): Promise<void> {
    const saleId = world.saleIds.get(plan.sale);
    if (saleId === undefined) return;
    const entry: Action = {
      plan,
      calledAt: world.time.now(),
      doneAt: null,
      ended: false,
      mayCome: true,
    };
    history.actions.push(entry);
    let silent = false;
    if (plan.kind === "resume") world.stock.freed(saleId);
    if (plan.kind === "restock") world.halfRestocked.add(saleId);
    for (let tries = 0; tries < 4; tries += 1) {
      const by = plan.kind === "rebuild" ? "controller" : "api";
      const answer = await ask(world, chance, (stores) => perform(stores, saleId, plan), by);
      world.note(() => `${saleId} ${plan.kind}: ${answer}`);
      silent ||= answer !== "done" && answer !== "refused";
      if (answer === "done") entry.doneAt = world.time.now();
      if (answer === "done" || answer === "refused") break;
      await sleep(world, 100 + chance.next() * 500);
    }
    const stops = plan.kind === "pause" || plan.kind === "close";
    const others = history.actions.some((other) => other !== entry && mayBeHalf(other, plan));
    if (plan.kind === "restock" && !silent && !others) world.halfRestocked.delete(saleId);
    entry.mayCome = silent;
    entry.ended = true;
    const resumed = history.actions.some(
      (other) =>
        other.plan.kind === "resume" &&
        other.plan.sale === plan.sale &&
        (other.mayCome || (other.doneAt ?? 0) >= entry.calledAt),
    );
    if (stops && entry.doneAt !== null && !resumed) world.stock.stopped(saleId, plan.kind);
  }
}

/** Whether another restock of the sale may have reached the ledger only. */
function mayBeHalf({ plan, mayCome }: Action, { kind, sale }: ActionPlan): boolean {
  return mayCome && plan.kind === kind && plan.sale === sale;
}

async function perform(
  stores: Stores,
  saleId: SaleId,
  { kind, units: added, name: key }: ActionPlan,
): Promise<"done" | "refused"> {
  if (kind === "rebuild") return rebuildStock(stores, saleId);
  if (kind === "restock") return told(await restock(stores, saleId, units(added), key));
  if (kind === "rename") return told(await amendSale(stores, saleId, null, { name: key }));
  return told(await actOnSale(stores, saleId, kind));
}

/** As the command does it. */
async function rebuildStock(stores: Stores, saleId: SaleId): Promise<"done" | "refused"> {
  const sale = await stores.sales.byId(saleId);
  if (sale === null) return "refused";
  const [loaded] = await rebuild(stores, [{ sale, tokens: {} }], ordersGroup);
  return loaded?.ok ? "done" : "refused";
}

const told = ({ ok }: { readonly ok: boolean }) => (ok ? "done" : "refused");

/** Has one of the processes do something; what it throws is a failure that is not explained. */
export function ask<T>(
  world: World,
  chance: Random,
  work: (stores: Stores) => Promise<T>,
  by: RoleName = "api",
): Promise<T | "silence" | "failed"> {
  const { time } = world;
  const asked = chance.pick(world.processes.filter(({ role }) => role === by)) as Process;
  const [there, back] = [chance.next() * wireMs, chance.next() * wireMs];
  return new Promise((resolve) => {
    const timeoutMs = chance.chance(0.2) ? patientMs : clientTimeoutMs;
    time.after(timeoutMs, () => resolve("silence"));
    const answer = (value: T | "failed") => void time.after(back, () => resolve(value));
    time.after(there, () => {
      const running = asked.running();
      if (running === null) return void time.after(back, () => resolve("silence"));
      running.life.deliver(() => {
        work(running.stores).then(answer, () => answer("failed"));
      });
    });
  });
}

export function sleep({ time }: Pick<World, "time">, ms: number): Promise<void> {
  return new Promise((resolve) => void time.after(ms, resolve));
}
