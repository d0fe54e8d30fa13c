// The histogram against exact percentiles of the same samples.

import { expect, test } from "bun:test";
import { Histogram } from "../../src/rush/histogram.ts";
import { seededRandom } from "../../src/rush/random.ts";

function histogramOf(samples: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const sample of samples) histogram.record(sample);
  return histogram;
}

function exact(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
}

test("an empty histogram has no latency", () => {
  const summary = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
  expect(new Histogram().summary()).toEqual(summary);
});

test("short times are counted to the microsecond", () => {
  const histogram = histogramOf([0.001, 0.002, 0.003, 0.1]);
  expect(histogram.percentileMs(50)).toBe(0.002);
  expect(histogram.percentileMs(75)).toBe(0.003);
  expect(histogram.percentileMs(100)).toBe(0.1);
});

test.each([1, 50, 95, 99, 99.9, 100])("p%p is within 0.8 % above the exact one", (percent) => {
  const random = seededRandom(7);
  const samples = Array.from({ length: 20_000 }, () => Math.exp(random() * 16) / 1000);
  const estimate = histogramOf(samples).percentileMs(percent);
  const truth = exact(samples, percent);
  expect(estimate).toBeGreaterThanOrEqual(truth - 0.001);
  expect(estimate).toBeLessThanOrEqual(truth * 1.008 + 0.001);
});

test("the maximum is exact, and no percentile exceeds it", () => {
  const histogram = histogramOf([1, 2, 1234.567]);
  expect(histogram.summary().maxMs).toBe(1234.567);
  expect(histogram.percentileMs(99)).toBe(1234.567);
});

test("impossible times are clamped instead of lost", () => {
  const histogram = histogramOf([-1, 1e12]);
  expect(histogram.count).toBe(2);
  expect(histogram.percentileMs(50)).toBe(0);
  expect(histogram.percentileMs(100)).toBeCloseTo(2 ** 31 / 1000, -1);
});

test("merging is the same as recording everything in one", () => {
  const samples = [0.5, 1, 2, 4, 8, 16, 32];
  const merged = histogramOf(samples.slice(0, 3));
  merged.merge(histogramOf(samples.slice(3)));
  expect(merged.summary()).toEqual(histogramOf(samples).summary());
});
