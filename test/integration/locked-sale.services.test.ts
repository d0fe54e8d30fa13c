/** A sale that is sold under a lock by two processes of the real program: it sells out exactly, in
 *  turns, also when the process that holds the lock is killed or sleeps for too long. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { etcdClient } from "../../src/adapters/etcd/client.ts";
import { listLocks } from "../../src/adapters/etcd/lock-list.ts";
import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/validate.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { waitUntilPersisted } from "../../src/rush/persistence.ts";
import { SaleClient } from "../../src/rush/sale-client.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { etcdUrl, kafkaBroker, mysqlUrl, redisUrl } from "../support/services.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

const testMs = 60_000;
const lanesEach = 16;
const secret = newSecret();
const { adminToken, buyerToken } = signedTokens(secret);

let config: Config;
let apis: EngineProcess[] = [];
const others: EngineProcess[] = [];
const dataDir = tempDir();

const start = (roles: string) =>
  startEngine({ dataDir, secret, settings: settingsOf(config), roles });

beforeAll(async () => {
  const env = {
    DOORBUSTER_REDIS_URL: redisUrl,
    DOORBUSTER_KAFKA_BROKERS: kafkaBroker,
    DOORBUSTER_MYSQL_URL: mysqlUrl,
    DOORBUSTER_ETCD_HOSTS: etcdUrl,
    DOORBUSTER_ETCD_TTL_SECONDS: "2",
  };
  const loaded = await loadConfig({ cwd: tempDir(), env });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  config = underNewNames(loaded.value.config);
  await operationsOn(config).migrate();
  others.push(...(await Promise.all([start("orders"), start("controller")])));
}, testMs);

afterAll(async () => {
  await Promise.all([...apis, ...others].map((engine) => engine.stop()));
  await operationsOn(config).removeEverything();
}, testMs);

interface Answer {
  readonly status: number;
  readonly id?: string;
  readonly type?: string;
}

async function buyOnce(url: string, saleId: string, buyer: string): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${buyerToken(buyer)}`,
    "content-type": "application/json",
    "idempotency-key": buyer,
  };
  const signal = AbortSignal.timeout(3_000);
  const asked = { method: "POST", headers, signal, body: '{"quantity":1}' };
  try {
    const answer = await fetch(`${url}/v1/sales/${saleId}/orders`, asked);
    return { ...((await answer.json()) as object), status: answer.status };
  } catch {
    return { status: 503 };
  }
}

/** Asks one process after the other until one knows: a buyer has one key. A process that slept may
 *  have to count tokens by itself for a moment, and turn him away. */
async function buy(first: number, saleId: string, buyer: string): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const { url } = apis[(first + tries) % apis.length] as EngineProcess;
    const answer = await buyOnce(url, saleId, buyer);
    if (answer.status !== 503 && answer.status !== 429) return answer;
    await Bun.sleep(20);
  }
}

/** The answers that each lane got: it asks one process, one purchase after the other. */
function crowd(saleId: string, buyersEach: number): Promise<Answer[][]> {
  const lanes = Array.from({ length: lanesEach * apis.length }, async (_, lane) => {
    const answers: Answer[] = [];
    for (let n = 0; n < buyersEach; n += 1) {
      answers.push(await buy(lane % apis.length, saleId, `b-${lane}-${n}`));
    }
    return answers;
  });
  return Promise.all(lanes);
}

async function openSale(stock: number) {
  const client = new SaleClient(apis[0]?.url ?? "", adminToken);
  const rateLimit = { perSecond: 100_000, burst: 100_000 };
  const product = { productId: "locked", name: "Locked", perBuyerLimit: 1, buckets: 3 };
  const { id } = await client.openSale({ ...product, stock, rateLimit, strategy: "locked" });
  return { client, id };
}

async function turnsOf({ url }: EngineProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^doorbuster_sale_lock_turns_total (\d+)$/m.exec(text)?.[1]);
}

async function holderOf(saleId: string): Promise<EngineProcess | undefined> {
  const [lock] = await listLocks(etcdClient(config.etcd), config.etcd, `stock/${saleId}/`);
  return apis.find(({ pid }) => lock?.queue[0]?.holder.includes(`process ${pid})`));
}

/** Every unit is sold, once, and everybody who was told so has an order. */
async function expectSoldOut(client: SaleClient, id: string, stock: number, answers: Answer[]) {
  const bought = answers.filter(({ status }) => status === 202);
  expect(new Set(bought.map((answer) => answer.id)).size).toBe(stock);
  const refused = answers.filter(({ status }) => status !== 202);
  const kinds = new Set(refused.map(({ status, type }) => `${status} ${type}`));
  expect([...kinds]).toEqual(["409 /problems/sold-out"]);
  const audit = await waitUntilPersisted(client, id);
  expect(audit).toMatchObject({ ok: true, sold: stock, orders: stock, refused: 0, duplicates: 0 });
}

describe("two processes", () => {
  beforeAll(async () => {
    apis = await Promise.all([start("api"), start("api")]);
  }, testMs);

  test(
    "sell a locked sale out exactly, and the lock changes hands",
    async () => {
      const { client, id } = await openSale(1_000);
      const lanes = await crowd(id, 40);
      await expectSoldOut(client, id, 1_000, lanes.flat());
      for (const api of apis) expect(await turnsOf(api)).toBeGreaterThan(2);
    },
    testMs,
  );

  test(
    "keep the order in which one buyer after the other came",
    async () => {
      const { id } = await openSale(1_000);
      const lanes = await crowd(id, 10);
      for (const answers of lanes) {
        const times = answers.map((answer) => (answer.id ?? "").slice(0, 10));
        expect(times).toEqual([...times].sort());
      }
    },
    testMs,
  );

  test(
    "the one that sleeps past its lock takes nothing afterwards",
    async () => {
      const { client, id } = await openSale(800);
      const served = crowd(id, 30);
      const sleeper = await theHolder(id);
      process.kill(sleeper.pid, "SIGSTOP");
      await until(async () => {
        const holder = await holderOf(id);
        return holder !== undefined && holder.pid !== sleeper.pid;
      });
      process.kill(sleeper.pid, "SIGCONT");
      await expectSoldOut(client, id, 800, (await served).flat());
    },
    testMs,
  );

  test(
    "the one that is killed leaves its lock to the other, within the time that it lives",
    async () => {
      const { id } = await openSale(800);
      const served = crowd(id, 30);
      const killed = await theHolder(id);
      await killed.kill();
      apis = apis.filter((api) => api !== killed);
      const left = new SaleClient(apis[0]?.url ?? "", adminToken);
      await expectSoldOut(left, id, 800, (await served).flat());
    },
    testMs,
  );
});

async function theHolder(saleId: string): Promise<EngineProcess> {
  let holder: EngineProcess | undefined;
  await until(async () => {
    holder = await holderOf(saleId);
    return holder !== undefined;
  });
  if (holder === undefined) throw new Error("nobody holds the lock");
  return holder;
}
