/** Controllers of the real program on the real services: they share the sales, take over from one
 *  another, warm up many sales at a time, and close them on time. */
import { afterAll, beforeAll, setDefaultTimeout, test } from "bun:test";
import { etcdClient } from "../../src/adapters/etcd/client.ts";
import { listLocks } from "../../src/adapters/etcd/lock-list.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(90_000);

const secret = newSecret();
const { adminToken } = signedTokens(secret);
const dataDir = tempDir();
let cluster: TestCluster;
let api: EngineProcess;
let orders: EngineProcess;
let controllers: EngineProcess[] = [];

const start = (roles: string) =>
  startEngine({
    dataDir,
    secret,
    settings: { ...cluster.env, DOORBUSTER_ETCD_TTL_SECONDS: "2" },
    roles,
  });

beforeAll(async () => {
  cluster = await testCluster();
  [api, orders] = await Promise.all([start("api"), start("orders")]);
  controllers = await Promise.all([start("controller"), start("controller")]);
});
afterAll(async () => {
  await Promise.all([api, orders, ...controllers].map((engine) => engine.stop()));
  await cluster.remove();
});

async function call(method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  return (await (await fetch(api.url + path, init)).json()) as Record<string, unknown>;
}

const terms = (over: object = {}) => ({
  productId: "sneaker",
  name: "Sneaker",
  stock: 10,
  price: { amount: "1.00", currency: "CNY" },
  ...over,
});

async function create(over: object = {}): Promise<string> {
  return String((await call("POST", "/v1/sales", terms(over))).id);
}

/** By sale, the process that holds it. */
async function holders(): Promise<Map<string, number>> {
  const { etcd } = cluster.config;
  const locks = await listLocks(etcdClient(etcd), etcd, "sales/");
  return new Map(
    locks.map(({ name, queue }) => [
      name.slice("sales/".length),
      Number(/process (\d+)/.exec(queue[0]?.holder ?? "")?.[1]),
    ]),
  );
}

async function heldBy(sales: readonly string[], pids: readonly number[]): Promise<boolean> {
  const found = await holders();
  return sales.every((id) => pids.includes(found.get(id) ?? 0));
}

test("share the sales, and take over those of one that was killed or stopped", async () => {
  const sales = await Promise.all(Array.from({ length: 24 }, () => create({})));
  await Promise.all(sales.map((id) => call("POST", `/v1/sales/${id}/open`)));
  const [one, two] = controllers as [EngineProcess, EngineProcess];
  const both = [one.pid, two.pid];
  await until(() => heldBy(sales, both), 30_000);
  const shared = async () => {
    const by = new Set((await holders()).values());
    return both.every((pid) => by.has(pid));
  };
  await until(shared, 30_000);
  await one.kill();
  await until(() => heldBy(sales, [two.pid]), 30_000);
  const next = await start("controller");
  controllers = [two, next];
  await until(async () => [...(await holders()).values()].includes(next.pid), 30_000);
  await two.stop();
  controllers = [next];
  await until(() => heldBy(sales, [next.pid]), 30_000);
});

test("load many sales ahead, open them and close them on time", async () => {
  const startsAt = new Date(Date.now() + 3_000).toISOString();
  const endsAt = new Date(Date.now() + 9_000).toISOString();
  const sales = await Promise.all(Array.from({ length: 100 }, () => create({ startsAt, endsAt })));
  const all = async (state: string) => {
    const found = await Promise.all(sales.map((id) => call("GET", `/v1/sales/${id}`)));
    return found.every((sale) => sale.state === state && sale.remaining === 10);
  };
  await until(() => all("open"), 30_000);
  await until(() => all("closed"), 30_000);
});
