// deploy/compose/compose.yaml against what it is made of: our configuration, commands and ports. No
// Docker is needed for that.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { ports } from "../scripts/services/catalog.ts";
import { loadConfig } from "../src/config/load.ts";
import { formatProblems } from "../src/config/problems.ts";
import { doorbuster } from "./support/doorbuster-process.ts";
import { tempDir } from "./support/temp-dir.ts";

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const file = join(import.meta.dir, "..", "deploy", "compose", "compose.yaml");
const { services } = Bun.YAML.parse(await Bun.file(file).text()) as {
  readonly services: Readonly<Record<string, Service>>;
};
const main = ["bun", "src/main.ts"];
const ours = Object.entries(services).filter(([, { command }]) => command?.[1] === main[1]);

async function configOf({ environment = {} }: Service) {
  const loaded = await loadConfig({ cwd: tempDir(), env: environment });
  return loaded.ok ? loaded.value.config : formatProblems(loaded.error);
}

test("the services of Doorbuster are there, and their roles are all roles", () => {
  expect(ours.map(([name]) => name)).toEqual(["migrate", "api", "orders", "controller"]);
  const roles = ours.flatMap(([, { command = [] }]) =>
    command.slice(command.indexOf("--roles") + 1),
  );
  expect(roles.slice(-3)).toEqual(["api", "orders", "controller"]);
});

describe.each(ours)("%s", (name, service) => {
  test("is configured by settings that there are, with values that are allowed", async () => {
    expect(await configOf(service)).toMatchObject({ stores: { kind: "clustered" } });
  });

  test("runs a command that there is", async () => {
    const args = service.command?.slice(main.length) ?? [];
    const { exitCode, stderr } = await doorbuster([...args, "--help"], { cwd: tempDir() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("runs on the Bun that package.json names", () => {
    expect(service.image).toBe(`oven/bun:${manifest.dependencies.bun}-slim`);
  });

  test("names services of the file as hosts, and waits for them", async () => {
    const config = await configOf(service);
    if (typeof config === "string") throw new Error(config);
    const { redis, kafka, mysql } = config;
    const urls = [redis.url, mysql.url, ...kafka.brokers.map((broker) => `kafka://${broker}`)];
    const waits = Object.keys(services.migrate?.depends_on ?? {});
    for (const url of urls) expect(waits).toContain(new URL(url).hostname);
    for (const wait of waits) expect(Object.keys(services)).toContain(wait);
    expect(Object.keys(service.depends_on ?? {})).toEqual(name === "migrate" ? waits : ["migrate"]);
  });

  test("is asked for its health, and published, where it listens", async () => {
    const config = await configOf(service);
    if (typeof config === "string") throw new Error(config);
    const probe = service.healthcheck?.test?.at(-1);
    if (probe !== undefined) expect(probe).toContain(`http://127.0.0.1:${config.port}/readyz`);
    for (const port of service.ports ?? []) expect(port).toEndWith(`:${config.port}`);
  });
});

test.each([
  ["redis", [ports.redis]],
  ["redis-cluster", ports.redisCluster],
  ["kafka", [ports.kafka]],
  ["mariadb", [ports.mariadb]],
  ["etcd", [ports.etcd]],
])("%s is published on the port of `npm run services`, on loopback", (name, wanted) => {
  const published = services[name]?.ports?.map((port) => port.split(":").slice(0, 2));
  expect(published).toEqual(wanted.map((port) => ["127.0.0.1", String(port)]));
});
