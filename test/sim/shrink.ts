/** Makes a failing run shorter: leaves out what it fails without. The streams of chance have
 *  names, so that what stays goes on much as before. */
import type { Plan } from "./plan.ts";

/** The shortest plan found that still fails, in the opinion of `fails`. */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let best = plan;
  for (;;) {
    const before = sizeOf(best);
    best = withFewer(best, "faults", fails);
    best = withFewer(best, "purchases", fails);
    best = withFewer(best, "actions", fails);
    best = calmer(best, fails);
    if (sizeOf(best) === before) return best;
  }
}

type Listed = "faults" | "purchases" | "actions";

/** Leaves out large parts first, then smaller ones. */
function withFewer(plan: Plan, what: Listed, fails: (plan: Plan) => boolean): Plan {
  let best = plan;
  for (let part = Math.ceil(best[what].length / 2); part >= 1; part = Math.floor(part / 2)) {
    for (let from = 0; from < best[what].length; ) {
      const fewer = { ...best, [what]: best[what].toSpliced(from, part) } as Plan;
      if (fails(fewer)) best = fewer;
      else from += part;
    }
  }
  return best;
}

function calmer(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  const { shape, manners } = plan;
  const tries: Plan[] = [
    { ...plan, manners: { ...manners, lossChance: 0, lateChance: 0 } },
    { ...plan, manners: { ...manners, lossChance: 0 } },
    { ...plan, manners: { ...manners, lateChance: 0 } },
    { ...plan, shape: { ...shape, partitions: 1 } },
    { ...plan, shape: { ...shape, redisNodes: 1 } },
  ];
  return tries.find((one) => sizeOf(one) < sizeOf(plan) && fails(one)) ?? plan;
}

function sizeOf({ faults, purchases, actions, manners, shape }: Plan): number {
  const noise = (manners.lossChance > 0 ? 1 : 0) + (manners.lateChance > 0 ? 1 : 0);
  return (
    faults.length + purchases.length + actions.length + noise + shape.partitions + shape.redisNodes
  );
}
