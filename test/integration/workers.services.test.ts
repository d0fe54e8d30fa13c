/** `serve --workers`: several processes of the role api on one port, and one that keeps them. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { commandLineOf, outputOf } from "../../scripts/services/process.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { type Serving, serving } from "../support/doorbuster-process.ts";
import { tempDir } from "../support/temp-dir.ts";
import { untilAsync } from "../support/until.ts";

setDefaultTimeout(120_000);

const secret = newSecret();
const { buyerToken } = signedTokens(secret);
let cluster: TestCluster;
let shop: Serving;

beforeEach(async () => {
  cluster = await testCluster();
  const env = { ...cluster.env, DOORBUSTER_AUTH_SECRET: secret };
  const args = ["--workers", "2", "--port", String(await freePort()), "--demo", "--json"];
  shop = await serving(args, { cwd: tempDir(), env, deadlineMs: 110_000 });
});
afterEach(() => cluster.remove());

/** The workers that have these roles. */
async function workers(roles: string): Promise<number[]> {
  const { output } = await outputOf(["pgrep", "-P", String(shop.pid)]);
  const children = output.trim().split("\n").map(Number);
  return children.filter((pid) => commandLineOf(pid).includes(`--roles ${roles} `));
}

/** On a connection of its own, since the kernel spreads connections. */
function ask(path: string, buyer: string, init: RequestInit = {}): Promise<Response | null> {
  const headers = {
    ...{ authorization: `Bearer ${buyerToken(buyer)}`, connection: "close" },
    ...{ "content-type": "application/json", "idempotency-key": "k" },
  };
  return fetch(`${shop.url}${path}`, { ...init, headers, keepalive: false }).catch(() => null);
}

function order(buyer: string): Promise<Response | null> {
  return ask("/v1/sales/s1/orders", buyer, { method: "POST", body: '{"quantity":1}' });
}

/** Tries again, as a client would: a connection to a process that was killed is lost. */
async function bought(buyer: string): Promise<string> {
  let id = "";
  await untilAsync(async () => {
    const answer = await order(buyer);
    if (answer?.status === 202) id = await field(answer, "id");
    return id !== "";
  });
  return id;
}

async function field(answer: Response, name: "id" | "status"): Promise<string> {
  const body = (await answer.json()) as Record<typeof name, string>;
  return body[name];
}

async function killed(pid: number, roles: string): Promise<void> {
  const before = (await workers(roles)).length;
  process.kill(pid, "SIGKILL");
  await untilAsync(async () => {
    const now = await workers(roles);
    return now.length === before && !now.includes(pid);
  });
}

test("a worker that is killed is started again, and the others sell meanwhile", async () => {
  const [first = 0, second = 0, ...more] = await workers("api");
  const others = await workers("orders,controller");
  expect([more.length, others.length]).toEqual([0, 1]);
  const restarted = killed(first, "api");
  await bought("a");
  await restarted;
  // From here on the one that was started again has to sell alone for a while.
  await killed(second, "api");
  const id = await bought("b");
  await killed(others[0] ?? 0, "orders,controller");
  await untilAsync(async () => {
    const answer = await ask(`/v1/orders/${id}`, "b");
    return answer?.status === 200 && (await field(answer, "status")) === "placed";
  });
  const { exitCode, stderr } = await shop.stop();
  expect(exitCode).toBe(0);
  expect(stderr.match(/"a worker ended; starting it again"/g)).toHaveLength(3);
});

test("SIGTERM stops all of them, and what was accepted was answered", async () => {
  const pids = [...(await workers("api")), ...(await workers("orders,controller"))];
  expect(pids).toHaveLength(3);
  const buyers = Array.from({ length: 200 }, (_, n) => `buyer-${n}`);
  const answers = Promise.all(buyers.map(order));
  await bought("first");
  const { exitCode, stderr } = await shop.stop();
  expect(exitCode).toBe(0);
  expect(pids.filter((pid) => commandLineOf(pid) !== "")).toEqual([]);
  const statuses = new Set((await answers).map((answer) => answer?.status ?? "refused"));
  expect(statuses.difference(new Set([202, "refused"])).size).toBe(0);
  expect(stderr.match(/"msg":"stopped"/g)).toHaveLength(3);
  expect(stderr).not.toContain("did not stop in time");
});

test("the workers of a supervisor that was killed stop by themselves", async () => {
  const pids = [...(await workers("api")), ...(await workers("orders,controller"))];
  expect(pids).toHaveLength(3);
  process.kill(shop.pid, "SIGKILL");
  await untilAsync(async () => pids.every((pid) => commandLineOf(pid) === ""));
});
