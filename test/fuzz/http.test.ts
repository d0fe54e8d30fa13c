// Bytes on a socket that no client would send, against the program itself: every answer is one that
// we promise, the process lives and sells to others, and nothing is sold by what is no purchase.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { auditHolds, buy, devToken, openLargeSale, placed } from "../../scripts/support/shop.ts";
import { problems } from "../../src/domain/errors.ts";
import {
  anyRequest,
  hopelessPurchase,
  type Names,
  type RawRequest,
} from "../support/broken-requests.ts";
import { type Serving, serving } from "../support/doorbuster-process.ts";
import { fuzzTest } from "../support/fuzz.ts";
import { exchange, type RawAnswer } from "../support/raw-http.ts";
import { tempDir } from "../support/temp-dir.ts";

const httpVersionNotSupported = 505;
const answerWithinMs = 10_000;
const processLivesMs = 3_600_000;

let engine: Serving;
/** Somebody else, who buys in a sale of his own. */
let witness: { token: string; readonly sale: string; purchases: number };
let shop: Names;

beforeAll(async () => {
  const args = ["--data", "data", "--log-format", "json", "--log-level", "error"];
  engine = await serving(args, { cwd: tempDir(), deadlineMs: processLivesMs });
  const { url } = engine;
  const token = (sub: string, scope: "buy" | "admin") => devToken(url, sub, scope);
  const admin = await token("root", "admin");
  const sale = (await openLargeSale(url, admin)).id;
  witness = { token: "", sale: (await openLargeSale(url, admin)).id, purchases: 0 };
  const buyer = await token("somebody", "buy");
  const { id: order } = await buy(url, buyer, sale);
  shop = { sale, order, buyer, admin, barred: await token("barred", "buy") };
});

afterAll(async () => {
  const { exitCode, stderr } = await engine.stop();
  expect([exitCode, stderr]).toEqual([0, ""]);
});

describe("raw bytes over HTTP", () => {
  const lazily = (make: (names: Names) => fc.Arbitrary<RawRequest>) =>
    fc.constant(null).chain(() => fc.array(make(shop), { minLength: 1, maxLength: 8 }));

  fuzzTest("get the answers that are promised", { runs: 150 }, lazily(anyRequest), async (all) => {
    await survives(all);
  });

  fuzzTest(
    "sell nothing if they are no purchase",
    { runs: 150 },
    lazily(hopelessPurchase),
    async (all) => {
      const answers = await survives(all);
      expect(answers.filter(({ status }) => status < 300 && status >= 200)).toEqual([]);
    },
  );

  test("leave the books in order", async () => {
    const { url } = engine;
    const last = await witnessBuys();
    await placed(url, witness.token, last.id);
    for (const sale of [witness.sale, shop.sale]) {
      expect(await auditHolds(url, shop.admin, sale)).toBe(true);
      const orders = await fetch(`${url}/v1/orders?saleId=${sale}`, {
        headers: { authorization: `Bearer ${shop.barred}` },
      });
      expect(await orders.json()).toEqual({ items: [], nextCursor: null });
    }
  });
});

/** Sends all at once; meanwhile and afterwards somebody else buys. Returns what was answered. */
async function survives(requests: readonly RawRequest[]): Promise<RawAnswer[]> {
  const { url } = engine;
  const sent = requests.map(({ pieces }) => exchange(url, pieces));
  try {
    const { status } = await witnessBuys();
    expect(status).toBe("accepted");
    const due = sent.filter((_, at) => requests[at]?.whole).map(({ answered }) => answered);
    await inTime(Promise.all(due));
    const answers = sent.flatMap((one) => one.answers());
    for (const answer of answers) expectPromised(answer);
    return answers;
  } finally {
    for (const one of sent) one.end();
  }
}

/** Another one takes over before he has all that one buyer may have. */
async function witnessBuys(): ReturnType<typeof buy> {
  const { url } = engine;
  if (witness.purchases % 500 === 0) {
    witness.token = await devToken(url, `witness-${witness.purchases}`, "buy");
  }
  witness.purchases += 1;
  return buy(url, witness.token, witness.sale);
}

async function inTime(work: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<never>();
  const late = setTimeout(() => timer.reject(new Error("no answer came")), answerWithinMs);
  await Promise.race([work, timer.promise]).finally(() => clearTimeout(late));
}

/** The server itself refuses what is no HTTP, without a body; every other refusal is ours. */
function expectPromised({ status, headers, body }: RawAnswer): void {
  expect(body).not.toMatch(/\n\s+at |node_modules|\.ts:\d|Error:|SQLITE/);
  if (status < 400) return;
  if (body === "") {
    expect(headers.get("content-type") ?? "application/problem+json").toBe(
      "application/problem+json",
    );
    if (status !== httpVersionNotSupported) expect(status).toBeLessThan(500);
    return;
  }
  expect([status, headers.get("content-type")]).toEqual([status, "application/problem+json"]);
  const { type, title, status: said, detail } = JSON.parse(body);
  const known = Object.entries(problems).find(([code]) => type === `/problems/${code}`)?.[1];
  expect({ said, title, detail: typeof detail }).toEqual({
    said: status,
    title: known?.title ?? "",
    detail: "string",
  });
  expect([status, known?.status]).toEqual([known?.status ?? 0, status]);
  if (status >= 500) expect(status).toBe(503);
}
