/** Decides the rates of adaptive sales: looks at how far the ledger is behind and how long the
 * stock takes, and says what each sale may take. One process decides for a sale, the one that
 * controls it. What it says lives beside the tokens, so it holds at once for all who take them,
 * stays when this process dies, and is where the next one goes on. */
import {
  type Adaptation,
  adapt,
  beginAdapting,
  isLowered,
  type LoweringReason,
} from "../domain/adaptive-rate.ts";
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { AdaptiveRate, Sale, SaleRate } from "../domain/sale.ts";
import { stateAt } from "../domain/sale.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { RateAdjuster } from "../ports/rate-limiter.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface AdaptRatesDeps {
  readonly log: Pick<OrderLog, "lag">;
  readonly stock: Pick<StockStore, "reserve">;
  readonly limiter: RateAdjuster;
  readonly clock: Clock;
}

export interface RateDecision {
  readonly saleId: SaleId;
  readonly perSecond: number;
  /** Why it was lowered just now, or null. */
  readonly lowered: LoweringReason | null;
  /** Whether it left its ceiling just now, or came back to it. */
  readonly turned: "from-ceiling" | "to-ceiling" | null;
}

export interface RateKeeper {
  /** One round for the open ones among the sales that this process holds; call it every
   * `adaptEveryMs`. Never rejects because something is slow or away: that is what it looks for. */
  keep(sales: readonly Sale[]): Promise<readonly RateDecision[]>;
}

/** What is known of a sale between two rounds. */
interface Kept {
  adaptation: Adaptation;
  /** What the bucket had given in all, lately. */
  given: readonly { readonly atMs: number; readonly sum: number }[];
}

/** Two rounds apart. */
const countsKept = 3;

type Rate = SaleRate & { readonly adaptive: AdaptiveRate };

export function rateKeeper(deps: AdaptRatesDeps, group: string): RateKeeper {
  const { clock, limiter, log } = deps;
  const kept = new Map<SaleId, Kept>();
  const lag = patiently(clock, () => log.lag(group));
  const probes = stockProbes(deps);

  async function keep(sales: readonly Sale[]): Promise<readonly RateDecision[]> {
    const now = clock.now();
    const adaptive = sales.filter(
      (sale) => sale.rateLimit.adaptive !== null && stateAt(sale, now) === "open",
    );
    forgetAllBut(adaptive, [kept, probes.bySale]);
    if (adaptive.length === 0) return [];
    const looking = lag.look();
    const rounds = adaptive.map((sale) => decide(sale, sale.rateLimit as Rate, looking));
    return (await Promise.all(rounds)).flatMap((decision) => decision ?? []);
  }

  async function decide(
    { id, buckets }: Sale,
    rate: Rate,
    looking: ReturnType<typeof lag.look>,
  ): Promise<RateDecision | null> {
    const [behind, probe] = await Promise.all([looking, probes.of(id, buckets).look()]);
    const known = kept.get(id) ?? (await begin(id, rate));
    if (known === null) return null;
    const before = known.adaptation;
    const signs = {
      lag: behind.answer && { messages: behind.answer.messages, ms: behind.answer.seconds * 1_000 },
      reserveMs: probe.failed ? null : probe.tookMs,
      takenPerSecond: takenPerSecond(known),
    };
    const { next, lowered } = adapt(before, rate, signs, clock.elapsed());
    known.adaptation = next;
    kept.set(id, known);
    say(id, rate, known);
    const turned = isLowered(next) === isLowered(before) ? null : turnOf(next);
    return { saleId: id, perSecond: Math.floor(next.perSecond), lowered, turned };
  }

  /** Goes on from what another left behind; null while nobody knows that. */
  async function begin(id: SaleId, rate: Rate): Promise<Kept | null> {
    const looking = patiently(clock, () => limiter.adjust("sale", id, rate, null));
    const { answer: found } = await looking.look();
    if (found === null) return null;
    const now = clock.elapsed();
    return { adaptation: beginAdapting(found.perSecond, rate.perSecond, now), given: [] };
  }

  /** Nobody waits for it: what is lost is said again in the next round. */
  function say(id: SaleId, rate: Rate, known: Kept): void {
    const { adaptation } = known;
    // A ceiling that is raised holds at once for a sale that nothing had lowered.
    const wanted = isLowered(adaptation) ? Math.floor(adaptation.perSecond) : limits.rateMax;
    limiter.adjust("sale", id, rate, wanted).then(
      ({ given: sum }) => {
        known.given = [...known.given, { atMs: clock.elapsed(), sum }].slice(-countsKept);
      },
      () => undefined,
    );
  }

  return { keep };
}

/** A batch without requests: it takes the way of a purchase, to one bucket after the other, and
 * takes nothing. */
function stockProbes({ clock, stock }: Pick<AdaptRatesDeps, "clock" | "stock">) {
  const bySale = new Map<SaleId, ReturnType<typeof patiently>>();

  function of(id: SaleId, buckets: number) {
    const known = bySale.get(id);
    if (known !== undefined) return known;
    let turn = 0;
    const probe = patiently(clock, () => {
      turn = (turn + 1) % buckets;
      return stock.reserve(id, turn, []);
    });
    bySale.set(id, probe);
    return probe;
  }

  return { bySale, of };
}

function forgetAllBut(sales: readonly Sale[], maps: readonly Map<SaleId, unknown>[]): void {
  const ids = new Set(sales.map(({ id }) => id));
  for (const known of maps) {
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  }
}

function takenPerSecond({ given }: Kept): number | null {
  const [first, last] = [given[0], given.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const taken = last.sum - first.sum;
  return taken < 0 ? null : (taken * 1_000) / (last.atMs - first.atMs);
}

function turnOf(next: Adaptation): RateDecision["turned"] {
  return isLowered(next) ? "from-ceiling" : "to-ceiling";
}

/** Asks something that may take long: one question at a time, each waited for in several looks. */
function patiently<Answer>(clock: Clock, ask: () => Promise<Answer>) {
  let asking: { readonly since: number; readonly answer: Promise<Look<Answer>> } | null = null;

  function begin() {
    const since = clock.elapsed();
    const ended = (answer: Answer | null) => {
      asking = null;
      return { answer, failed: answer === null, tookMs: clock.elapsed() - since };
    };
    const answer = ask().then(ended, () => ended(null));
    return { since, answer };
  }

  function look(): Promise<Look<Answer>> {
    asking ??= begin();
    const { since, answer } = asking;
    return new Promise((resolve) => {
      const late = () => resolve({ answer: null, failed: false, tookMs: clock.elapsed() - since });
      const cancel = clock.after(limits.adaptLookMs, late);
      answer.then((looked) => {
        cancel();
        resolve(looked);
      });
    });
  }

  return { look };
}

interface Look<Answer> {
  /** Null: not yet, or never. */
  readonly answer: Answer | null;
  readonly failed: boolean;
  /** So far, if there is no answer yet. */
  readonly tookMs: number;
}
