// What each script sends, in one table that the scripts and `npm run k6` both read. Pure, so that
// it runs under k6 and under Bun.

/** What a scenario takes where the environment says nothing. */
export interface Defaults {
  /** Virtual users at most. */
  readonly vus: number;
  /** Purchases begun per second, at most; of no meaning to a rush. */
  readonly rate: number;
  readonly seconds: number;
  /** Purchases in all; of no meaning to a scenario that goes by the clock. */
  readonly attempts: number;
  readonly stock: number;
  readonly perBuyer: number;
  /** What the sale takes per second, and at once. */
  readonly saleRate: number;
}

/** Purchases begun per second go to `toPerSecond` in a straight line. */
export interface Stage {
  readonly toPerSecond: number;
  readonly seconds: number;
}

/** Begins `perSecond` at once, and goes on by its stages. */
export interface Arrivals {
  readonly perSecond: number;
  readonly stages: readonly Stage[];
}

export interface Scenario {
  readonly says: string;
  readonly defaults: Defaults;
  /** Null: as many as there are virtual users press at once, one after the other. */
  readonly arrivals: ((load: Pick<Defaults, "rate" | "seconds">) => Arrivals) | null;
}

const common = { vus: 1_000, attempts: 1, perBuyer: 1, saleRate: 1_000, seconds: 30 };

export const scenarios = {
  reference: {
    says: "up to 3,000 purchases per second at a sale that takes 1,000",
    defaults: { ...common, rate: 3_000, stock: 10_000 },
    arrivals: ({ rate, seconds }) => {
      const rise = Math.max(1, Math.floor(seconds / 6));
      const stages = [{ toPerSecond: rate, seconds: rise }, held(rate, seconds - rise)];
      return { perSecond: Math.ceil(rate / 10), stages };
    },
  },
  steady: {
    says: "what the sale takes and no more, for as long as the stock lasts",
    defaults: { ...common, rate: 1_000, stock: 30_000 },
    arrivals: ({ rate, seconds }) => ({ perSecond: rate, stages: [held(rate, seconds)] }),
  },
  spike: {
    says: "a tenth of the rate, then all of it within a second, then a tenth again",
    defaults: { ...common, rate: 5_000, stock: 30_000 },
    arrivals: ({ rate, seconds }) => {
      const [calm, third] = [Math.ceil(rate / 10), Math.max(1, Math.floor(seconds / 3))];
      const [up, down] = [held(rate, 1), held(calm, 1)];
      const after = Math.max(1, seconds - 2 * third - 2);
      const stages = [held(calm, third), up, held(rate, third), down, held(calm, after)];
      return { perSecond: calm, stages };
    },
  },
  soldout: {
    says: "a crowd at a sale that is sold out within a second",
    defaults: { ...common, rate: 3_000, stock: 1_000, saleRate: 10_000 },
    arrivals: ({ rate, seconds }) => ({ perSecond: rate, stages: [held(rate, seconds)] }),
  },
  soak: {
    says: "half of what the sale takes, for ten minutes",
    defaults: { ...common, rate: 500, stock: 400_000, seconds: 600 },
    arrivals: ({ rate, seconds }) => ({ perSecond: rate, stages: [held(rate, seconds)] }),
  },
  rush: {
    says: "1,000 buyers at once, 10,000 in all, who try again until they are told yes or no",
    defaults: { ...common, rate: 1, seconds: 300, attempts: 10_000, stock: 1_000 },
    arrivals: null,
  },
  retries: {
    says: "buyers who press three times at once and once more",
    defaults: { ...common, vus: 500, rate: 200, stock: 100_000, perBuyer: 1_000 },
    arrivals: ({ rate, seconds }) => ({ perSecond: rate, stages: [held(rate, seconds)] }),
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof scenarios;

function held(perSecond: number, seconds: number): Stage {
  return { toPerSecond: perSecond, seconds };
}

/** How many purchases begin. */
export function purchasesIn({ perSecond, stages }: Arrivals): number {
  let [sum, from] = [0, perSecond];
  for (const { toPerSecond, seconds } of stages) {
    sum += ((from + toPerSecond) / 2) * seconds;
    from = toPerSecond;
  }
  return Math.floor(sum);
}
