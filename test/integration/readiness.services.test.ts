/** What a process says of itself, by its roles, while the brokers are away. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { composeClustered } from "../../src/compose/clustered.ts";
import type { Engine } from "../../src/compose/engine.ts";
import type { RoleName } from "../../src/config/schema.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { type PrivateKafka, privateKafka } from "../support/private-kafka.ts";
import { untilAsync } from "../support/until.ts";

setDefaultTimeout(120_000);

let kafka: PrivateKafka;
let cluster: TestCluster;
const engines: Engine[] = [];

beforeAll(async () => {
  kafka = await privateKafka();
  cluster = await testCluster({ broker: kafka.broker });
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await cluster.remove();
  await kafka.remove();
});

/** A process with one role; what it answers when it is asked whether it is ready. */
async function running(role: RoleName) {
  const config = { ...cluster.config, roles: [role], port: 0 };
  const log = createLogger({ level: "silent", format: "json" });
  const engine = await composeClustered(config, log);
  engines.push(engine);
  const { url } = await engine.start();
  return async (): Promise<string> => {
    const answer = await fetch(`${url}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
}

test("without brokers sales go on, but nobody places orders or sweeps", async () => {
  const api = await running("api");
  const orders = await running("orders");
  const controller = await running("controller");
  const all = [api, orders, controller];
  const ready = async () => (await Promise.all(all.map((ask) => ask()))).every(is200);
  await untilAsync(ready);
  await kafka.kill();
  await untilAsync(async () => !is200(await orders()) && !is200(await controller()));
  expect(await orders()).toMatch(/^503 .*"part":"kafka","detail":"the brokers cannot be reached/);
  expect(await controller()).toMatch(/^503 .*"part":"kafka"/);
  expect(await api()).toMatch(/^200/);
  await kafka.start();
  await untilAsync(ready);
});

function is200(answer: string): boolean {
  return answer.startsWith("200");
}
