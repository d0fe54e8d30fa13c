/** What is made of a run of k6: the outcome of each answer, the summary, and whether clients, audit
 *  and tables tell the same story. */
import { describe, expect, test } from "bun:test";
import { outcomeOf, outcomes } from "../../bench/k6/outcome.ts";
import { purchasesIn, scenarios } from "../../bench/k6/scenarios.ts";
import { filesOf, type Raw, readSummary } from "../../bench/k6/summary.ts";
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

const latency = (count: number) => ({
  values: { count, "p(50)": 1.5, "p(95)": 2.5, "p(99)": 9.5 },
});
const counted = (values: Record<string, number>, thresholds = {}) => ({ values, thresholds });

/** What k6 hands over after 10 accepted, 20 sold out and 70 over the rate. */
function exported(more: Raw["metrics"] = {}): Raw {
  const none = outcomes.map((outcome) => [`purchase_duration{outcome:${outcome}}`, latency(0)]);
  return {
    metrics: {
      ...Object.fromEntries(none),
      purchase_duration: latency(100),
      "purchase_duration{outcome:accepted}": latency(10),
      "purchase_duration{outcome:sold-out}": latency(20),
      "purchase_duration{outcome:rate-limited}": latency(70),
      "orders_acknowledged{outcome:accepted}": counted({ count: 10 }, { "count>=0": { ok: true } }),
      iterations: counted({ count: 100, rate: 50 }),
      http_req_failed: counted({ passes: 0, fails: 100, rate: 0 }, { "rate==0": { ok: true } }),
      server_errors: counted({ count: 0, rate: 0 }, { "count==0": { ok: true } }),
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

const withMetrics = (more: Raw["metrics"], exitCode = 0) =>
  evidence({ exitCode, summary: readSummary(exported(more)) });

const crossed = { server_errors: counted({ count: 0 }, { "count==0": { ok: false } }) };

describe("the summary of k6", () => {
  test("is read by outcome, with the time that the load took", () => {
    const summary = readSummary(exported({ dropped_iterations: counted({ count: 7 }) }));
    expect(summary).toMatchObject({ sent: 100, iterations: 100, dropped: 7, seconds: 2 });
    expect(summary).toMatchObject({ accepted: 10, reserved: 0, unexpected: 0, crossed: [] });
    const limited = { count: 70, p50Ms: 1.5, p95Ms: 2.5, p99Ms: 9.5 };
    expect(summary.byOutcome["rate-limited"]).toEqual(limited);
  });

  test("is printed and, where asked for, written as JSON and as a page, without tokens", () => {
    const raw = { ...exported({ orders_persisted: counted({ value: 10 }) }), setup_data: "secret" };
    expect(Object.keys(filesOf("steady", null, raw))).toEqual(["stdout"]);
    const files = filesOf("steady", "/tmp/out", raw);
    expect(Object.keys(files)).toEqual(["stdout", "/tmp/out.json", "/tmp/out.html"]);
    expect(JSON.parse(files["/tmp/out.json"] ?? "")).toMatchObject({ sent: 100, persisted: 10 });
    expect(files.stdout).toContain("10 orders persisted");
    expect(files["/tmp/out.html"]).toContain("<tr><td>rate-limited<td>70<td>");
    expect(JSON.stringify(files)).not.toContain("secret");
  });

  test("says which thresholds were crossed", () => {
    const { stdout, ...files } = filesOf("soak", "out", exported(crossed));
    expect(stdout).toContain("CROSSED server_errors: count==0");
    expect(files["out.html"]).toContain("<li>server_errors: count==0");
  });
});

describe("the scenarios", () => {
  test.each([
    ["reference", 83_250],
    ["steady", 30_000],
    ["spike", 64_500],
    ["soldout", 90_000],
    ["soak", 300_000],
    ["retries", 6_000],
  ] as const)("of %s begin %d purchases", (name, purchases) => {
    const { arrivals, defaults } = scenarios[name];
    expect(purchasesIn(arrivals(defaults))).toBe(purchases);
  });

  test("last as long as was asked for, and never less than their parts take", () => {
    for (const { arrivals, defaults } of Object.values(scenarios)) {
      if (arrivals === null) continue;
      const lasts = (seconds: number) =>
        arrivals({ ...defaults, seconds }).stages.reduce((sum, one) => sum + one.seconds, 0);
      expect(lasts(30)).toBe(30);
      expect(lasts(defaults.seconds)).toBe(defaults.seconds);
    }
  });
});

describe("the verdict on a run", () => {
  test("finds nothing where clients, audit and tables agree", () => {
    expect(verdictOf(evidence())).toEqual({ persisted: 10, refused: 0, findings: [] });
  });

  test("lets an order that was only reserved be refused with a reason", () => {
    const orders = [...tenOrders, storedOrder(10, "refused")];
    const reserved = { "orders_acknowledged{outcome:reserved}": counted({ count: 1 }) };
    const run = { ...withMetrics(reserved), stored: { ...stored, orders } };
    expect(verdictOf(run)).toEqual({ persisted: 10, refused: 1, findings: [] });
  });

  const broken: readonly (readonly [what: string, run: Evidence, finding: string])[] = [
    ["k6 that broke off", evidence({ exitCode: 107 }), "k6 ended with 107"],
    ["a threshold", withMetrics(crossed, 99), "threshold crossed: server_errors: count==0"],
    ["a threshold that nobody names", evidence({ exitCode: 99 }), "a threshold broke"],
    ["silence", withMetrics({ purchase_duration: latency(0) }), "nothing was sent"],
    [
      "a server error",
      withMetrics({ server_errors: counted({ count: 1 }) }),
      "1 answers were server err",
    ],
    [
      "a strange status",
      withMetrics({ http_req_failed: counted({ passes: 2 }) }),
      "2 answers had a status",
    ],
    [
      "an unknown outcome",
      withMetrics({ outcomes_unknown: counted({ count: 3 }) }),
      "without a known",
    ],
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
