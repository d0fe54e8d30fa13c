/** What can be told of the services without starting any: the command, the way in which a process
 *  is recognised, and that the compose file offers the same on the same ports. */
import { describe, expect, test } from "bun:test";
import { ports, serviceNames } from "../scripts/services/catalog.ts";
import { parseServicesCommand } from "../scripts/services/command.ts";
import { isOurs, type Server } from "../scripts/services/server.ts";
import { loadConfig } from "../src/config/load.ts";

describe("the services command", () => {
  test("takes all services unless some are named", () => {
    expect(parseServicesCommand(["up"])).toEqual({ verb: "up", names: serviceNames, json: false });
    expect(parseServicesCommand(["down", "redis", "kafka", "redis"])).toMatchObject({
      verb: "down",
      names: ["redis", "kafka"],
    });
    expect(parseServicesCommand(["status", "--json"])).toMatchObject({ json: true });
  });

  test.each([
    [[], "say what to do"],
    [["start"], "there is no `start`"],
    [["up", "mongodb"], "there is no service mongodb"],
  ])("says what is wrong with %j", (args, message) => {
    expect(parseServicesCommand(args)).toBe(message);
  });
});

describe("a process", () => {
  const server: Server = {
    id: "redis-1",
    dir: "/somewhere/redis",
    command: ["/usr/bin/redis-server", "--dir", "/somewhere/redis/data"],
    ready: async () => true,
  };

  test("is ours if it is the program in the directory that we started", () => {
    expect(isOurs("/usr/bin/redis-server --dir /somewhere/redis/data", server)).toBe(true);
  });

  test.each([
    "",
    "/usr/bin/redis-server --dir /elsewhere/redis",
    "/usr/bin/redis-server --dir /somewhere/redis/data-of-another",
    "/usr/bin/redis-server --dir /somewhere/redis-cluster/data",
    "vim /somewhere/redis/data",
    "/usr/bin/redis-server",
  ])("is not ours if its command line is %j", (commandLine) => {
    expect(isOurs(commandLine, server)).toBe(false);
  });
});

test("a command line without a path in the directory shows nothing", () => {
  const server: Server = { id: "x", dir: "/d", command: ["/bin/sh"], ready: async () => true };
  expect(isOurs("/bin/sh", server)).toBe(false);
});

describe("the compose file", () => {
  interface Compose {
    readonly services: Record<string, ComposeService>;
  }
  interface ComposeService {
    readonly image: string;
    readonly ports?: readonly string[];
    readonly environment?: Record<string, string>;
    readonly healthcheck?: unknown;
  }
  const read = async () => {
    const file = Bun.file(new URL("../deploy/compose/compose.yaml", import.meta.url));
    return Bun.YAML.parse(await file.text()) as Compose;
  };

  test("offers the services on the ports of `npm run services`, on loopback only", async () => {
    const { services } = await read();
    const published = Object.values(services).flatMap((service) => service.ports ?? []);
    const { redis, redisCluster, kafka, mariadb, etcd } = ports;
    for (const port of [redis, ...redisCluster, kafka, mariadb, etcd]) {
      expect(published.filter((one) => one.startsWith(`127.0.0.1:${port}:`))).toHaveLength(1);
    }
    expect(published.every((one) => one.startsWith("127.0.0.1:"))).toBe(true);
  });

  test("runs every service that `npm run services` runs", async () => {
    expect(Object.keys((await read()).services)).toEqual(expect.arrayContaining([...serviceNames]));
  });

  test("pins every image and checks the health of every service", async () => {
    for (const [, service] of Object.entries((await read()).services)) {
      expect(service.image).toMatch(/:v?\d+\.\d+\.\d+/);
      expect(service.healthcheck).toBeDefined();
    }
  });

  test("configures the app with settings that there are", async () => {
    const env = (await read()).services.api?.environment ?? {};
    const loaded = await loadConfig({ cwd: "/", env, file: undefined, flags: [] });
    expect(loaded).toMatchObject({
      ok: true,
      value: { config: { stores: { kind: "clustered" } } },
    });
  });
});
