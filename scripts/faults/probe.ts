// One buyer after another who measures how long answers take while something is broken, and when
// purchases work again.

export interface Answer {
  /** performance.now() of the request and of its answer. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** 202, or the problem's name, or `lost`. */
  readonly outcome: string;
}

export interface Probe {
  readonly answers: readonly Answer[];
  stop(): Promise<void>;
}

const everyMs = 100;
const patienceMs = 10_000;

/** Each asks for an order of a sale by a key of his own. */
export function startProbe(url: string, saleId: string, token: (buyer: string) => string): Probe {
  const answers: Answer[] = [];
  const open = new Set<Promise<void>>();
  let asked = 0;

  async function ask(): Promise<void> {
    asked += 1;
    const buyer = `probe-${asked}`;
    const askedAt = performance.now();
    const outcome = await purchase(url, saleId, buyer, token(buyer));
    answers.push({ askedAt, answeredAt: performance.now(), outcome });
  }

  const timer = setInterval(() => {
    const one = ask().finally(() => open.delete(one));
    open.add(one);
  }, everyMs);

  async function stop(): Promise<void> {
    clearInterval(timer);
    await Promise.all(open);
  }

  return { answers, stop };
}

async function purchase(
  url: string,
  saleId: string,
  buyer: string,
  token: string,
): Promise<string> {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "idempotency-key": buyer,
  };
  const init = { method: "POST", headers, body: '{"quantity":1}', keepalive: false };
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const answer = await fetch(`${url}/v1/sales/${saleId}/orders`, { ...init, signal });
    const body = (await answer.json()) as { status?: string | number; type?: string };
    if (answer.status === 202) return String(body.status);
    return (body.type ?? String(answer.status)).replace("/problems/", "");
  } catch {
    return "lost";
  }
}

/** The longest that anybody waited who asked in a span of time, in milliseconds. */
export function slowest(answers: readonly Answer[], from: number, to: number): number {
  const within = answers.filter(({ askedAt }) => askedAt >= from && askedAt <= to);
  return Math.max(0, ...within.map(({ askedAt, answeredAt }) => answeredAt - askedAt));
}

/** How long after a moment the first purchase asked for since was accepted, or null. */
export function acceptedAfter(answers: readonly Answer[], moment: number): number | null {
  const first = answers
    .filter(({ askedAt, outcome }) => askedAt >= moment && outcome === "accepted")
    .sort((a, b) => a.answeredAt - b.answeredAt)[0];
  return first === undefined ? null : first.answeredAt - moment;
}

/** The outcomes in a span of time, with their counts. */
export function outcomesIn(answers: readonly Answer[], from: number, to: number): string {
  const within = answers.filter(({ askedAt }) => askedAt >= from && askedAt <= to);
  const counts = Map.groupBy(within, ({ outcome }) => outcome);
  return [...counts].map(([outcome, all]) => `${outcome} ${all.length}`).join(", ");
}
