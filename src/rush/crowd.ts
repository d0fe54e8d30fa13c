/** The crowd: buyers who arrive at a steady rate whether or not the server keeps up (an open loop),
 *  try again when told to with the same key, and of whom some repeat themselves and some are
 *  greedy. What they see goes to the witness. */
import { type OrderReceipt, readAnswer } from "./answer.ts";
import { Errand, type ErrandKind, type ErrandRunner } from "./errand.ts";
import type { Exchange, LossReason } from "./exchange.ts";
import { habitsOf, type Moment, type Shares } from "./habits.ts";
import type { Random } from "./random.ts";
import type { HttpResponse } from "./response.ts";
import { Schedule } from "./schedule.ts";
import { countOne, type Tally } from "./tally.ts";
import { type Pace, startTicker } from "./ticker.ts";
import type { Witness } from "./witness.ts";

export interface CrowdOptions extends Shares {
  readonly buyers: number;
  readonly ratePerSecond: number;
  readonly quantity: number;
  /** How long a buyer goes on trying before giving up. */
  readonly patienceMs: number;
}

export interface CrowdDeps {
  readonly pool: { submit(exchange: Exchange, now: number): boolean };
  readonly request: (buyerId: string, requestKey: string) => Uint8Array;
  /** Spreads moments; who does what follows from the seed. */
  readonly random: Random;
  readonly witness: Witness;
  readonly tally: Tally;
}

const PACE: Pace = "relaxed";
const BACKOFF_MS = 50;
/** Told to wait a second, a crowd does not come back in the same millisecond. */
const RETURN_SPREAD_MS = 250;
const AT_ONCE_MS = 5;
const GREEDY_ATTEMPTS = 2;

export class Crowd implements ErrandRunner {
  private readonly options: CrowdOptions;
  private readonly deps: CrowdDeps;
  private readonly returning = new Schedule<Errand>();
  private readonly orderedKeys = new Set<string>();
  private readonly finished = Promise.withResolvers<void>();
  private stopTicker = () => {};
  private startedAt = 0;
  private arrived = 0;
  private expected: number;
  private open = 0;

  constructor(options: CrowdOptions, deps: CrowdDeps) {
    this.options = options;
    this.deps = deps;
    this.expected = options.buyers;
  }

  /** Resolves when everyone who came has an answer or has given up. */
  run(): Promise<void> {
    this.startedAt = performance.now();
    this.stopTicker = startTicker(() => this.tick(performance.now()), PACE);
    return this.finished.promise;
  }

  /** Nobody comes any more; those who are here go on until they have their answers. */
  stopArrivals(): void {
    this.expected = this.arrived;
  }

  /** Buyers who are still waiting for an answer. */
  get waiting(): number {
    return this.open;
  }

  private tick(now: number): void {
    const msPerArrival = 1000 / this.options.ratePerSecond;
    while (this.arrived < this.expected) {
      const dueAt = this.startedAt + this.arrived * msPerArrival;
      if (dueAt > now) break;
      this.arrive(this.arrived, dueAt, now);
      this.arrived += 1;
    }
    for (;;) {
      const errand = this.returning.takeDue(now);
      if (errand === undefined) break;
      this.send(errand, now);
    }
    if (this.arrived >= this.expected && this.open === 0) {
      this.stopTicker();
      this.finished.resolve();
    }
  }

  private arrive(buyer: number, at: number, now: number): void {
    const buyerId = `buyer-${buyer}`;
    const purchase = this.errand("purchase", buyerId, `${buyerId}-1`, at);
    this.send(purchase, now);
    this.indulge(purchase, buyer, "at-once", at + this.deps.random() * AT_ONCE_MS);
  }

  private indulge(purchase: Errand, buyer: number, moment: Moment, at: number): void {
    const { repeats, grabs } = habitsOf(buyer, this.options);
    if (repeats === moment) this.repeat(purchase, at);
    if (grabs === moment) this.grab(purchase, at);
  }

  private errand(kind: ErrandKind, buyerId: string, requestKey: string, at: number): Errand {
    this.open += 1;
    const bytes = this.deps.request(buyerId, requestKey);
    return new Errand(this, { kind, buyerId, requestKey, bytes }, at);
  }

  private repeat(of: Errand, at: number): void {
    this.open += 1;
    this.returning.add(at, new Errand(this, { ...purposeOf(of), kind: "repeat" }, at));
  }

  private grab(of: Errand, at: number): void {
    for (let attempt = 0; attempt < GREEDY_ATTEMPTS; attempt++) {
      const key = `${of.buyerId}-more-${attempt}`;
      this.returning.add(at, this.errand("greedy", of.buyerId, key, at));
    }
  }

  private send(errand: Errand, now: number): void {
    const { pool, tally } = this.deps;
    errand.orderKnown = this.orderedKeys.has(errand.requestKey);
    if (pool.submit(errand, now)) {
      tally.sent += 1;
      errand.sent = true;
      return;
    }
    tally.drops += 1;
    // Who was never heard may go away unserved; who was must come back, to learn what became of the
    // order. The wait for a connection is part of the latency, so the intended time stays.
    if (errand.sent) this.comeBack(errand, now + BACKOFF_MS);
    else this.settle();
  }

  answered(errand: Errand, response: HttpResponse): void {
    const now = performance.now();
    const { tally } = this.deps;
    const answer = readAnswer(response);
    tally.answered += 1;
    tally.latency.record(now - errand.intendedAt);
    switch (answer.kind) {
      case "ordered":
        this.ordered(errand, answer.receipt, now);
        break;
      case "refused":
        this.refused(errand, answer.code);
        break;
      case "again":
        if (response.status === 429) tally.rateLimited += 1;
        else tally.unavailable += 1;
        this.sentAway(errand, now + answer.afterMs + this.spread());
        break;
      case "unexpected":
        countOne(tally.unexpected, answer.code);
        this.settle();
    }
  }

  lost(errand: Errand, reason: LossReason): void {
    const { tally } = this.deps;
    if (reason === "unsent") tally.drops += 1;
    else tally.lost += 1;
    this.comeBack(errand, performance.now() + BACKOFF_MS + this.spread() / 5);
  }

  private ordered(errand: Errand, receipt: OrderReceipt, now: number): void {
    const { tally, witness } = this.deps;
    const { buyerId, requestKey } = errand;
    witness.receipts.push({ ...receipt, buyerId, requestKey, asked: this.options.quantity });
    if (this.orderedKeys.has(requestKey)) {
      tally.duplicateAnswers += 1;
    } else {
      this.orderedKeys.add(requestKey);
      tally.orders += 1;
      tally.orderLatency.record(now - errand.intendedAt);
    }
    this.followUp(errand, now);
    this.settle();
  }

  private refused(errand: Errand, code: string): void {
    const { tally, witness } = this.deps;
    const { buyerId, requestKey, orderKnown } = errand;
    witness.refusals.push({ code, buyerId, requestKey, orderKnown, asked: this.options.quantity });
    if (code === "sold-out") tally.soldOut += 1;
    else if (code === "buyer-limit-reached") tally.limited += 1;
    else countOne(tally.otherRefusals, code);
    this.settle();
  }

  /** Some have their order and want to see it again, or more. */
  private followUp(errand: Errand, now: number): void {
    if (errand.kind !== "purchase") return;
    const buyer = Number(errand.buyerId.slice("buyer-".length));
    this.indulge(errand, buyer, "afterwards", now + this.spread());
  }

  /** The server asked for patience: the next try is to be sent then, and its latency counts from
   *  then. */
  private sentAway(errand: Errand, until: number): void {
    errand.intendedAt = until;
    this.comeBack(errand, until);
  }

  private comeBack(errand: Errand, at: number): void {
    if (at - errand.arrivedAt <= this.options.patienceMs) {
      this.returning.add(at, errand);
      return;
    }
    this.deps.tally.gaveUp += 1;
    this.settle();
  }

  private settle(): void {
    this.open -= 1;
  }

  private spread(): number {
    return this.deps.random() * RETURN_SPREAD_MS;
  }
}

function purposeOf({ kind, buyerId, requestKey, bytes }: Errand) {
  return { kind, buyerId, requestKey, bytes };
}
