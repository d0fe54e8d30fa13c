// Shows with real processes on the real services that the rates hold over all of them:
// `npm run admission -- [--seconds 30] [--rate 10000] [--nodes 4] [--json]`. One sale at 1000/s
// with a burst of 1000, asked at ten times that; the same with a change of its rate in the middle;
// the same with a process killed and started again. Exit code 1 if a window ever had more than
// rate·t + burst, or a run granted 0.5 % less or more than that.

import { parseArgs } from "node:util";
import { SaleClient } from "../src/rush/sale-client.ts";
import { TokenSigner } from "../src/rush/tokens.ts";
import { type Answers, gather } from "./admission/crowd.ts";
import { openShop, type Shop } from "./admission/shop.ts";
import { type RateStep, type Verdict, verdictOf } from "./admission/verdict.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    rate: { type: "string", default: "10000" },
    nodes: { type: "string", default: "4" },
    json: { type: "boolean", default: false },
  },
});
const [seconds, rate, nodes] = [values.seconds, values.rate, values.nodes].map(Number) as [
  number,
  number,
  number,
];
const burst = 1_000;
const [slow, fast] = [1_000, 2_000];
const stock = 10_000_000;
const toleratedPercent = 0.5;

type Scene = "steady" | "rate changed" | "process killed";

interface Outcome {
  readonly scene: Scene;
  readonly ok: boolean;
  readonly verdict: Verdict;
  readonly answers: Answers;
}

const outcomes: Outcome[] = [];
for (const scene of ["steady", "rate changed", "process killed"] as const) {
  const outcome = await played(scene);
  outcomes.push(outcome);
  console.log(values.json ? JSON.stringify(outcome) : textOf(outcome));
}
process.exit(outcomes.every(({ ok }) => ok) ? 0 : 1);

async function played(scene: Scene): Promise<Outcome> {
  const shop = await openShop(nodes);
  try {
    const admin = new TokenSigner(shop.secret, Date.now()).sign("admission-admin", "admin");
    const [first] = shop.apis;
    const url = first?.url ?? "";
    const { id: saleId } = await new SaleClient(url, admin).openSale({
      ...{ productId: "admission", name: "Admission", stock, perBuyerLimit: 1 },
      rateLimit: { perSecond: slow, burst },
    });
    const crowd = await gather(shop, { saleId, perSecond: rate, seconds });
    const steps: RateStep[] = [{ perSecond: slow, fromMicros: 0 }];
    const sending = crowd.send();
    await Bun.sleep(seconds * 500);
    if (scene === "rate changed") steps.push(await changed(url, admin, saleId));
    if (scene === "process killed") await shop.restart(nodes - 1);
    const answers = await sending;
    crowd.close();
    const verdict = verdictOf(await grantsOf(shop, saleId), steps, burst, nodes);
    return { scene, ok: holds(verdict, steps), verdict, answers };
  } finally {
    await shop.close();
  }
}

/** What they logged last may still be on its way. */
async function grantsOf(shop: Shop, saleId: string) {
  await Bun.sleep(500);
  return shop.grants.filter(({ key }) => key === saleId);
}

async function changed(url: string, token: string, saleId: string): Promise<RateStep> {
  const fromMicros = Date.now() * 1_000;
  const answer = await fetch(`${url}/v1/sales/${saleId}`, {
    method: "PATCH",
    headers: {
      ...{ authorization: `Bearer ${token}`, "if-match": "*", "content-type": "application/json" },
    },
    body: JSON.stringify({ rateLimit: { perSecond: fast, burst } }),
  });
  if (!answer.ok) throw new Error(`PATCH answered ${answer.status}: ${await answer.text()}`);
  return { perSecond: fast, fromMicros };
}

/** Until every node knows of a change, it may grant by the rate before. */
function holds(verdict: Verdict, steps: readonly RateStep[]): boolean {
  const late = verdict.adoptedAfterMs.reduce((sum, ms) => sum + (ms / 1_000) * (fast - slow), 0);
  const most = (verdict.expected * toleratedPercent) / 100;
  const off = verdict.granted - verdict.expected;
  const inTime = verdict.adoptedAfterMs.every((ms) => ms <= 1_500) && steps.length > 0;
  return verdict.excess === 0 && off <= most && off >= -most - late && inTime;
}

function textOf({ scene, ok, verdict, answers }: Outcome): string {
  const { granted, expected, offPercent, excess } = verdict;
  const statuses = Object.entries(answers.statuses).map(([status, n]) => `${n} × ${status}`);
  const adopted = verdict.adoptedAfterMs.map((ms) => `; all nodes by the new rate after ${ms} ms`);
  return [
    `${ok ? "ok    " : "FAILED"} ${scene}: granted ${granted} of ${expected} (${offPercent} %)`,
    `       beyond rate·t + burst in the fullest window: ${excess}${adopted.join("")}`,
    `       Redis calls/s ${verdict.callsPerSecond}, by node ${verdict.callsPerSecondOfNode}`,
    `       ${statuses.join(", ")}, ${answers.lost} lost, ${answers.drops} dropped, ` +
      `p99 ${answers.p99Ms} ms`,
  ].join("\n");
}
