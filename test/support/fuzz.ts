// One seed and one budget for everything under test/fuzz: short by default, so that `npm test`
// stays quick; `npm run fuzz` sets the variables for a longer run, or to replay one.

import { test } from "bun:test";
import fc from "fast-check";

const seedVariable = "DOORBUSTER_FUZZ_SEED";
/** For each test; without it, a few runs. */
const secondsVariable = "DOORBUSTER_FUZZ_SECONDS";

export const fuzzSeed = numberIn(seedVariable) ?? Math.floor(Math.random() * 2 ** 31);
const seconds = numberIn(secondsVariable);
/** Whether what can be tried in every place is tried in every place. */
export const exhaustive = seconds !== undefined;

const slackMs = 60_000;
const shownMax = 3_000;

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
    if (exhaustive) console.log(`${name}: ${result.numRuns} runs with seed ${fuzzSeed}`);
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

/** For tests that draw by themselves: what to say when they fail. */
export function replay(): string {
  return `replay it with ${seedVariable}=${fuzzSeed}`;
}

/** Every place, or in the short form about `most` of them, others with every seed. */
export function places(count: number, most: number): number[] {
  const step = exhaustive ? 1 : Math.max(1, Math.ceil(count / most));
  const from = fuzzSeed % step;
  return Array.from({ length: Math.ceil((count - from) / step) }, (_, n) => from + n * step);
}

function numberIn(variable: string): number | undefined {
  const text = process.env[variable];
  return text === undefined || text === "" ? undefined : Number(text);
}
