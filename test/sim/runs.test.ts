// Runs of the simulator that are made again and again: some seeds, and the shortest runs in which
// bugs showed that were really there.
import { describe, expect, test } from "bun:test";
import { planOf } from "./draw.ts";
import type { Plan } from "./plan.ts";
import plans from "./plans.json" with { type: "json" };
import { run } from "./run.ts";
import { shrink } from "./shrink.ts";

test("the same seed twice is the same run, to the byte", () => {
  for (const seed of ["1", "7", "19"]) {
    const traces = [0, 1].map(() => {
      const lines: string[] = [];
      run(planOf(seed), { trace: (line) => void lines.push(line) });
      return lines.join("\n");
    });
    expect(traces[0]?.length).toBeGreaterThan(10_000);
    expect(traces[1]).toBe(traces[0] as string);
  }
});

test("every promise holds over two hundred seeds", () => {
  const broken = Array.from({ length: 200 }, (_, seed) => run(planOf(String(seed))).violation);
  expect(broken.filter((violation) => violation !== null)).toEqual([]);
}, 60_000);

describe("a bug that the simulator found stays away", () => {
  test.each(Object.entries(plans))("%s", (_, plan) => {
    expect(run(plan as Plan).violation).toBeNull();
  });
});

test("a failing run is made shorter, and still fails", () => {
  const plan = planOf("3");
  const [purchase, other] = plan.purchases;
  const needsBoth = ({ purchases }: Plan) =>
    [purchase, other].every((one) => purchases.some(({ name }) => name === one?.name));
  const shorter = shrink(plan, needsBoth);
  expect(shorter.purchases.map(({ name }) => name)).toEqual(["purchase 0", "purchase 1"]);
  expect([shorter.faults, shorter.actions]).toEqual([[], []]);
});
