// One seed and one budget for everything under test/fuzz: short by default, so that `npm test`
// stays quick; `npm run fuzz` sets the variables for a longer run, or to replay one.

import { test } from "bun:test";
import fc from "fast-check";

const seedVariable = "DOORBUSTER_FUZZ_SEED";
/** For each test; without it, a few runs. */
const secondsVariable = "DOORBUSTER_FUZZ_SECONDS";

const fuzzSeed = numberIn(seedVariable) ?? Math.floor(Math.random() * 2 ** 31);
const seconds = numberIn(secondsVariable);
/** Whether every place of a file is tried, however long that takes. */
const everywhere = process.env.DOORBUSTER_FUZZ_ALL === "1";

const slackMs = 60_000;
const shownMax = 3_000;
const atOnce = 4;
const dayMs = 86_400_000;

export interface Budget {
  /** How often in the short form. */
  readonly runs: number;
}

/** A test that holds a property against random values. A failure names its seed and the shortest
 *  value found that fails. */
export function fuzzTest<Value>(
  name: string,
  { runs }: Budget,
  values: fc.Arbitrary<Value>,
  holds: (value: Value) => Promise<void> | void,
): void {
  const property = fc.asyncProperty(values, async (value) => await holds(value));
  const budget =
    seconds === undefined
      ? { numRuns: runs }
      : { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1_000 };
  const check = async () => {
    const result = await fc.check(property, { seed: fuzzSeed, ...budget, endOnFailure: false });
    if (seconds !== undefined) console.log(`${name}: ${result.numRuns} runs with seed ${fuzzSeed}`);
    if (result.counterexample !== null)
      throw new Error(report(result), { cause: result.errorInstance });
  };
  test(name, check, (seconds ?? 0) * 1_000 + slackMs);
}

function report<Value>({ counterexample, numRuns }: fc.RunDetails<[Value]>): string {
  const [value] = counterexample ?? [];
  return `run ${numRuns} failed; ${replay()}; the shortest value that fails:\n${shown(value)}`;
}

/** Bytes as the text that they mostly are. */
function shown(value: unknown): string {
  const texts = (_: string, inner: unknown) => {
    if (inner instanceof Uint8Array) return Buffer.from(inner).toString("latin1");
    return typeof inner === "function" ? String(inner) : inner;
  };
  const buffers = (inner: unknown): unknown => {
    if (Buffer.isBuffer(inner)) return inner.toString("latin1");
    if (Array.isArray(inner)) return inner.map(buffers);
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, buffers(one)]));
  };
  return JSON.stringify(buffers(value), texts)?.slice(0, shownMax) ?? String(value);
}

/** What to say when a test fails. */
function replay(): string {
  return `replay it with ${seedVariable}=${fuzzSeed}`;
}

/** A test of many places of a file, several at a time: about `most` of them, others with every
 * seed, or as many as the time allows. */
export function placesTest(
  name: string,
  { count, most }: { readonly count: number; readonly most: number },
  holdsAt: (place: number) => Promise<void>,
): void {
  const check = async () => {
    const until = performance.now() + (seconds ?? 0) * 1_000;
    const rest = placesOf(count, seconds === undefined && !everywhere ? most : count);
    const total = rest.length;
    const over = () => seconds !== undefined && !everywhere && performance.now() > until;
    const work = async () => {
      for (let at = rest.pop(); at !== undefined && !over(); at = rest.pop()) {
        await tried(at, holdsAt);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (seconds !== undefined) console.log(`${name}: ${total - rest.length} of ${count} places`);
  };
  test(name, check, everywhere ? dayMs : (seconds ?? 0) * 1_000 + slackMs);
}

async function tried(place: number, holdsAt: (place: number) => Promise<void>): Promise<void> {
  try {
    await holdsAt(place);
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    throw new Error(`at byte ${place}: ${why}\n${replay()}`, { cause: reason });
  }
}

/** In an order that the seed gives: a stride that shares no factor with the count visits all. */
function placesOf(count: number, most: number): number[] {
  let stride = 1 + (fuzzSeed % Math.max(1, count - 1));
  while (commonFactor(stride, count) > 1) stride += 1;
  const first = fuzzSeed % Math.max(1, count);
  const length = Math.min(count, most);
  return Array.from({ length }, (_, n) => (first + n * stride) % count);
}

function commonFactor(a: number, b: number): number {
  return b === 0 ? a : commonFactor(b, a % b);
}

function numberIn(variable: string): number | undefined {
  const text = process.env[variable];
  return text === undefined || text === "" ? undefined : Number(text);
}
