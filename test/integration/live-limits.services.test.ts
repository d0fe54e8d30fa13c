/** What an operator changes at one process holds at another, which nobody told. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { type Serving, serving } from "../support/doorbuster-process.ts";
import { tempDir } from "../support/temp-dir.ts";
import { untilAsync } from "../support/until.ts";

setDefaultTimeout(120_000);

const secret = newSecret();
const { adminToken, buyerToken } = signedTokens(secret);
/** A second, and what a busy machine adds to it. */
const soonMs = 5_000;
let cluster: TestCluster;
let here: Serving;
let there: Serving;

beforeAll(async () => {
  cluster = await testCluster();
  const env = { ...cluster.env, DOORBUSTER_AUTH_SECRET: secret };
  const place = () => ({ cwd: tempDir(), env, deadlineMs: 110_000 });
  [here, there] = await Promise.all([
    serving(["--json"], place()),
    serving(["--roles", "api", "--json"], place()),
  ]);
});
afterAll(async () => {
  await Promise.all([here.stop(), there.stop()]);
  await cluster.remove();
});

async function admin(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = {
    ...{ authorization: `Bearer ${adminToken}`, "if-match": "*" },
    "content-type": "application/json",
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${here.url}/v1/${path}`, { method, headers, ...text });
  expect(answer.ok).toBe(true);
  return answer;
}

async function openSale(rateLimit = { perSecond: 1_000, burst: 1_000 }): Promise<string> {
  const price = { amount: "1.00", currency: "CNY" };
  const terms = { productId: "p", name: "P", stock: 100, price, perBuyerLimit: 100, rateLimit };
  const { id } = (await (await admin("POST", "sales", terms)).json()) as { id: string };
  await admin("POST", `sales/${id}/open`);
  return id;
}

let keys = 0;

/** The status at the other process, with what is wrong. */
async function buyThere(sale: string, buyer = "ada"): Promise<string> {
  keys += 1;
  const answer = await fetch(`${there.url}/v1/sales/${sale}/orders`, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${buyerToken(buyer)}`, "idempotency-key": `key-${keys}` },
      "content-type": "application/json",
    },
    body: '{"quantity":1}',
  });
  const body = (await answer.json()) as { type?: string; "violated-policies"?: string[] };
  const policies = body["violated-policies"]?.join() ?? "";
  return `${answer.status} ${body.type ?? ""} ${policies}`.trim();
}

const limited = (policy: string) => `429 /problems/rate-limited ${policy}`;

async function untilThere(sale: string, said: string): Promise<void> {
  await untilAsync(async () => (await buyThere(sale)) === said, soonMs);
}

test("a sale's rate, raised and lowered", async () => {
  const sale = await openSale({ perSecond: 1, burst: 1 });
  expect(await buyThere(sale)).toBe("202");
  expect(await buyThere(sale)).toBe(limited("sale"));
  await admin("PATCH", `sales/${sale}`, { rateLimit: { perSecond: 10_000, burst: 10_000 } });
  await untilAsync(async () => {
    const three = [await buyThere(sale), await buyThere(sale), await buyThere(sale)];
    return three.every((said) => said === "202");
  }, soonMs);
  await admin("PATCH", `sales/${sale}`, { rateLimit: { perSecond: 1, burst: 1 } });
  await untilThere(sale, limited("sale"));
});

test("the limits of a buyer, of an address and of everybody", async () => {
  const sale = await openSale();
  expect(await buyThere(sale)).toBe("202");
  for (const policy of ["buyer", "ip", "global"]) {
    await admin("PATCH", "admin/limits", { [policy]: { perSecond: 1, burst: 1 } });
    await untilThere(sale, limited(policy));
    await admin("PATCH", "admin/limits", { [policy]: null });
    await untilThere(sale, "202");
  }
});

test("the deny list", async () => {
  const sale = await openSale();
  for (const entry of ["buyers/ada", "networks/127.0.0.0%2F8"]) {
    await admin("PUT", `admin/access/deny/${entry}`, {});
    await untilThere(sale, "403 /problems/access-denied");
    await admin("DELETE", `admin/access/deny/${entry}`);
    await untilThere(sale, "202");
  }
});

test("a pause, before anything more is reserved", async () => {
  const sale = await openSale();
  expect(await buyThere(sale)).toBe("202");
  await admin("POST", `sales/${sale}/pause`);
  for (let n = 0; n < 20; n += 1) expect(await buyThere(sale)).toBe("409 /problems/sale-paused");
  const { remaining } = (await (await admin("GET", `sales/${sale}`)).json()) as {
    remaining: number;
  };
  expect(remaining).toBe(99);
  await admin("POST", `sales/${sale}/resume`);
  expect(await buyThere(sale)).toBe("202");
});
