/** What `npm run k6` makes of a run: the outcome of each answer, the summary that k6 exports, and
 *  whether clients, audit and tables tell the same story. */
import { describe, expect, test } from "bun:test";
import { outcomeOf, outcomes } from "../../bench/k6/outcome.ts";
import { readSummary } from "../../scripts/k6/summary.ts";
import { type Evidence, verdictOf } from "../../scripts/k6/verdict.ts";

const problem = (code: string) => `{"type":"/problems/${code}","title":"…","status":409}`;
const order = (status: string) => `{"id":"01J","saleId":"s1","quantity":1,"status":"${status}"}`;

describe("the outcome of an answer", () => {
  test.each([
    [202, order("accepted"), "accepted"],
    [202, order("reserved"), "reserved"],
    [409, problem("sold-out"), "sold-out"],
    [409, problem("buyer-limit-reached"), "buyer-limit-reached"],
    [429, problem("rate-limited"), "rate-limited"],
    [401, problem("unauthenticated"), "refused"],
    [503, problem("overloaded"), "unavailable"],
    [503, problem("outcome-unknown"), "unknown"],
    [500, problem("internal-error"), "unknown"],
    [0, "", "unknown"],
  ] as const)("is read from status %d and %s", (status, body, outcome) => {
    expect(outcomeOf(status, body)).toBe(outcome);
  });

  test.each([
    [202, "<html>queued</html>"],
    [202, order("placed")],
    [202, '{"status":"accepted"}'],
    [429, "<html>slow down</html>"],
    [429, problem("sold-out")],
    [409, "{}"],
    [200, problem("sold-out")],
  ])("is unknown if status %d comes with %s, which the engine never says", (status, body) => {
    expect(outcomeOf(status, body)).toBe("unknown");
  });
});

const latency = (count: number) => ({ count, "p(50)": 1.5, "p(95)": 2.5, "p(99)": 9.5 });

/** What k6 exports after 10 accepted, 20 sold out and 70 over the rate. */
function exported(more: Readonly<Record<string, object>> = {}) {
  const none = outcomes.map((outcome) => [`purchase_duration{outcome:${outcome}}`, latency(0)]);
  return {
    metrics: {
      ...(Object.fromEntries(none) as Record<string, object>),
      purchase_duration: latency(100),
      "purchase_duration{outcome:accepted}": latency(10),
      "purchase_duration{outcome:sold-out}": latency(20),
      "purchase_duration{outcome:rate-limited}": latency(70),
      "orders_acknowledged{outcome:accepted}": { count: 10, thresholds: { "count>=0": false } },
      iterations: { count: 100, rate: 50 },
      http_req_failed: { passes: 0, fails: 100, value: 0, thresholds: { "rate==0": false } },
      server_errors: { count: 0, rate: 0, thresholds: { "count==0": false } },
      ...more,
    },
  };
}

const storedOrder = (buyer: number, status = "placed") => ({
  ...{ id: `o${buyer}`, buyerId: `b${buyer}`, requestKey: `k${buyer}`, quantity: 1, status },
});
const tenOrders = Array.from({ length: 10 }, (_, buyer) => storedOrder(buyer));
const audit = {
  ...{ ok: true, pending: 0, inTransfer: 0, sold: 10, orders: 10 },
  ...{ refused: 0, duplicates: 0, overLimitBuyers: 0 },
};
const stored = { source: "tables" as const, orders: tenOrders, sold: 10 };

function evidence(over: Partial<Evidence> = {}): Evidence {
  return { exitCode: 0, summary: readSummary(exported()), audit, stored, stock: 10, ...over };
}

const withMetrics = (more: Readonly<Record<string, object>>, exitCode = 0) =>
  evidence({ exitCode, summary: readSummary(exported(more)) });

describe("the summary of k6", () => {
  test("is read by outcome, with the time that the load took", () => {
    const summary = readSummary(exported({ dropped_iterations: { count: 7 } }));
    expect(summary).toMatchObject({ sent: 100, iterations: 100, dropped: 7, seconds: 2 });
    expect(summary).toMatchObject({ accepted: 10, reserved: 0, unexpected: 0, crossed: [] });
    const limited = { count: 70, p50Ms: 1.5, p95Ms: 2.5, p99Ms: 9.5 };
    expect(summary.byOutcome["rate-limited"]).toEqual(limited);
  });

  test("is refused if it has no metrics", () => {
    expect(() => readSummary({ root_group: {} })).toThrow("no summary");
    expect(() => readSummary(null)).toThrow("no summary");
  });
});

describe("the verdict on a run", () => {
  test("finds nothing where clients, audit and tables agree", () => {
    expect(verdictOf(evidence())).toEqual({ persisted: 10, refused: 0, findings: [] });
  });

  test("lets an order that was only reserved be refused with a reason", () => {
    const orders = [...tenOrders, storedOrder(10, "refused")];
    const reserved = { "orders_acknowledged{outcome:reserved}": { count: 1 } };
    const run = { ...withMetrics(reserved), stored: { ...stored, orders } };
    expect(verdictOf(run)).toEqual({ persisted: 10, refused: 1, findings: [] });
  });

  const crossed = { server_errors: { count: 0, thresholds: { "count==0": true } } };
  const broken: readonly (readonly [what: string, run: Evidence, finding: string])[] = [
    ["k6 that broke off", evidence({ exitCode: 107 }), "k6 ended with 107"],
    ["a threshold", withMetrics(crossed, 99), "threshold crossed: server_errors: count==0"],
    ["a threshold that nobody names", evidence({ exitCode: 99 }), "a threshold broke"],
    ["silence", withMetrics({ purchase_duration: latency(0) }), "nothing was sent"],
    ["a server error", withMetrics({ server_errors: { count: 1 } }), "1 answers were server err"],
    ["a strange status", withMetrics({ http_req_failed: { passes: 2 } }), "2 answers had a status"],
    ["an unknown outcome", withMetrics({ outcomes_unknown: { count: 3 } }), "without a known"],
    ["a lost answer", withMetrics({ purchase_duration: latency(101) }), "101 purchases sent, 100"],
    ["an order lost", lost(), "10 orders accepted and 0 reserved, but 9 persisted"],
    ["an order too many", tooMany(), "10 orders accepted and 0 reserved, but 11 persisted"],
    ["an accepted order refused", refusedAfterAccepted(), "1 orders refused, only 0 were reserved"],
    ["an audit that fails", evidence({ audit: { ...audit, ok: false } }), "the audit fails"],
    ["an audit in two minds", evidence({ audit: { ...audit, ok: null } }), "the audit fails"],
    ["an audit that miscounts", evidence({ audit: { ...audit, orders: 9 } }), "the audit counts 9"],
    ["overselling", evidence({ stock: 9 }), "oversold: 10 of 9 units"],
    ["a ledger that differs", evidence({ stored: { ...stored, sold: 9 } }), "9 units sold in 10"],
    ["a doubled key", doubled(), "1 orders share a request key"],
  ];

  test.each(broken)("finds %s", (_, run, finding) => {
    expect(verdictOf(run).findings.join("\n")).toContain(finding);
  });
});

function lost(): Evidence {
  const orders = tenOrders.slice(1);
  return evidence({ stored: { ...stored, orders, sold: 9 }, audit: { ...audit, orders: 9 } });
}

function tooMany(): Evidence {
  return evidence({ stored: { ...stored, orders: [...tenOrders, storedOrder(10)], sold: 11 } });
}

function refusedAfterAccepted(): Evidence {
  const orders = [...tenOrders.slice(1), storedOrder(0, "refused")];
  return evidence({ stored: { ...stored, orders, sold: 9 } });
}

function doubled(): Evidence {
  const [first = storedOrder(0)] = tenOrders;
  return evidence({ stored: { ...stored, orders: [first, ...tenOrders.slice(0, 9)] } });
}
