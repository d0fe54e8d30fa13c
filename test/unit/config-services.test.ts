// The ways to the services: encryption, logins, and secrets that are in files.

import { expect, test } from "bun:test";
import { settingsOf } from "../../src/cli/temporary-cluster.ts";
import { loadConfig } from "../../src/config/load.ts";
import { printedConfig, printedFields } from "../../src/config/print.ts";
import { formatProblems } from "../../src/config/problems.ts";
import type { Config } from "../../src/config/validate.ts";
import { clientPem as client, serverPem as server } from "../support/pem-samples.ts";
import { tempDir } from "../support/temp-dir.ts";

const ca = server.cert;

async function load(yaml: string, env: Readonly<Record<string, string>> = {}) {
  const secrets = { "password.txt": "s3cret\n", "ca.pem": ca, "client.key": client.key };
  return await loadConfig({ cwd: tempDir({ "doorbuster.yaml": yaml, ...secrets }), env });
}

async function configOf(yaml: string, env = {}): Promise<Config> {
  const loaded = await load(yaml, env);
  if (!loaded.ok) throw new Error(formatProblems(loaded.error));
  return loaded.value.config;
}

async function complaints(yaml: string, env = {}): Promise<string> {
  const loaded = await load(yaml, env);
  return loaded.ok ? "" : formatProblems(loaded.error);
}

const secured = `
kafka:
  tls: { enabled: true, caFile: ca.pem }
  sasl: { mechanism: SCRAM-SHA-512, username: shop, passwordFile: password.txt }
`;

test("a configuration file may leave secrets to other files", async () => {
  const { kafka } = await configOf(secured);
  expect(kafka.tls).toEqual({ enabled: true, ca: ca.trimEnd(), cert: null, key: null });
  expect(kafka.sasl).toMatchObject({ username: "shop", password: "s3cret" });
});

test("so may the environment, which wins", async () => {
  const env = {
    DOORBUSTER_KAFKA_SASL_PASSWORD: "other",
    DOORBUSTER_KAFKA_TLS_CERT: client.cert,
    DOORBUSTER_KAFKA_TLS_KEY_FILE: "client.key",
  };
  const { kafka } = await configOf(secured, env);
  expect(kafka.sasl.password).toBe("other");
  expect([kafka.tls.cert, kafka.tls.key]).toEqual([client.cert, client.key.trimEnd()]);
});

test("a temporary cluster's processes are told of the same ways", async () => {
  const env = { DOORBUSTER_KAFKA_TLS_CERT: client.cert, DOORBUSTER_KAFKA_TLS_KEY: client.key };
  const config = await configOf(secured, env);
  const told = await configOf("", settingsOf(config));
  const ways = ({ stores, redis, kafka, mysql }: Config) => ({ stores, redis, kafka, mysql });
  expect(ways(told)).toEqual(ways(config));
});

test("none of the secrets is printed", async () => {
  const loaded = await load(secured, { DOORBUSTER_MYSQL_TLS_ENABLED: "true" });
  if (!loaded.ok) throw new Error(formatProblems(loaded.error));
  const printed = JSON.stringify(printedConfig(printedFields(loaded.value)));
  expect(printed).toContain('"username":"shop"');
  expect(printed).not.toContain("s3cret");
});

test.each([
  ["the file is not there", "kafka: { tls: { enabled: true, caFile: no.pem } }", "can be read"],
  ["the path is none", "mysql: { urlFile: 5 }", "must be the path of a file"],
  [
    "the secret is there, too",
    "kafka: { sasl: { password: a, passwordFile: password.txt } }",
    "and kafka.sasl.password are both set",
  ],
  ["the file holds something else", "mysql: { tls: { caFile: password.txt } }", "in PEM"],
  ["a setting is no secret", "kafka: { prefixFile: password.txt }", "is not a setting"],
])("it is told when %s", async (_, yaml, message) => {
  expect(await complaints(yaml)).toContain(message);
});

test.each([
  ["kafka.sasl.password", "kafka: { sasl: { mechanism: PLAIN, username: a } }", {}],
  ["kafka.sasl.mechanism", "kafka: { sasl: { username: a, password: b } }", {}],
  ["kafka.tls.enabled", "kafka: { tls: { caFile: ca.pem } }", {}],
  ["mysql.tls.enabled", "mysql: { tls: { caFile: ca.pem } }", {}],
  ["redis.url", "redis: { tls: { caFile: ca.pem } }", {}],
  ["mysql.tls.key", "mysql: { tls: { enabled: true } }", { MYSQL_TLS_CERT: client.cert }],
  ["mysql.tls.cert", "mysql: { tls: { enabled: true } }", { MYSQL_TLS_KEY: client.key }],
  [
    "kafka.tls.key",
    "kafka: { tls: { enabled: true } }",
    { KAFKA_TLS_CERT: client.cert, KAFKA_TLS_KEY: server.key },
  ],
])("half of a way is a mistake in %s", async (field, yaml, given) => {
  const env = Object.entries(given).map(([name, pem]) => [`DOORBUSTER_${name}`, pem] as const);
  const said = await complaints(yaml, Object.fromEntries(env));
  expect(said).toStartWith(`The configuration has a problem:\n  ${field}`);
  expect(said).not.toContain("BEGIN");
});

test("a URL of Redis that asks for TLS may bring its authority", async () => {
  const yaml = "redis: { url: 'rediss+cluster://a:1,b:2', tls: { caFile: ca.pem } }";
  expect((await configOf(yaml)).redis.tls.ca).toBe(ca.trimEnd());
});
