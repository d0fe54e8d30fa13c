/** Encrypted ways to Redis, of each kind, with the login of a user. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../scripts/support/free-port.ts";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { type PrivateRedis, privateRedis, privateSentinel } from "../support/private-redis.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(30_000);

/** The default user is whom the helpers ask by. */
const users = `user default on nopass ~* &* +@all
user shop on >p@ss/word ~* &* +@all
`;
const login = "shop:p%40ss%2Fword";
let certificates: Certificates;
const started: PrivateRedis[] = [];
const opened: RedisConnection[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(async () => {
  for (const connection of opened) connection.close();
  await Promise.all(started.map((server) => server.remove()));
});

interface Wanted {
  readonly cluster?: boolean;
  readonly certificate?: "server" | "elsewhere";
  /** Whether it asks clients for a certificate. */
  readonly mutual?: boolean;
}

/** The port of a server that is encrypted, and the server, whose own port is open. */
async function encrypted({ cluster = false, ...wanted }: Wanted = {}) {
  const port = await freePort();
  const aclfile = join(tempDir({ "users.acl": users }), "users.acl");
  const settings = {
    ...{ ...Object.fromEntries(settingsOf(port, wanted)), aclfile },
    // Without it a cluster tells everybody its open ports.
    ...(cluster && { "tls-cluster": "yes" }),
  };
  const server = await privateRedis({ cluster, settings });
  await start(server);
  return { port, server };
}

async function start(server: PrivateRedis): Promise<void> {
  started.push(server);
  await server.start();
}

function settingsOf(port: number, { certificate = "server", mutual = false }: Wanted) {
  return [
    ["tls-port", String(port)],
    ["tls-cert-file", certificates[certificate].certFile],
    ["tls-key-file", certificates[certificate].keyFile],
    ["tls-ca-cert-file", certificates.caFile],
    ["tls-auth-clients", mutual ? "yes" : "optional"],
  ] as const;
}

function open(url: string, trust: Partial<Certificates["client"]> & { ca?: string | null } = {}) {
  const { ca = certificates.ca, cert = null, key = null } = trust;
  const connection = openRedis(url, { ca, cert, key });
  opened.push(connection);
  return connection;
}

async function whoami(connection: RedisConnection): Promise<string> {
  await connection.ready(5_000);
  return String(await connection.send("k", ["ACL", "WHOAMI"]));
}

test("a server is reached encrypted, as a user", async () => {
  const { port } = await encrypted();
  expect(await whoami(open(`rediss://${login}@localhost:${port}`))).toBe("shop");
});

test("a server that asks for a certificate is shown ours", async () => {
  const { port } = await encrypted({ mutual: true });
  const { cert, key } = certificates.client;
  expect(await whoami(open(`rediss://${login}@localhost:${port}`, { cert, key }))).toBe("shop");
});

test("the masters of a cluster are reached encrypted", async () => {
  const { port, server } = await encrypted({ cluster: true });
  const operator = new Redis(server.port);
  await operator.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  operator.disconnect();
  const connection = open(`rediss+cluster://${login}@localhost:${port}`);
  expect(await whoami(connection)).toBe("shop");
  expect([...connection.masters().keys()]).toEqual([`localhost:${port}`]);
});

test("the master that a sentinel names is reached encrypted, and so is the sentinel", async () => {
  const master = await encrypted();
  const port = await freePort();
  const settings = settingsOf(port, {}).map(([name, value]) => `${name} ${value}`);
  const sentinel = await privateSentinel(master.port, [...settings, "tls-replication yes"]);
  await start(sentinel);
  expect(await whoami(open(`rediss+sentinel://${login}@localhost:${port}/shop`))).toBe("shop");
});

test.each<[string, Wanted, string, { ca?: null }, string]>([
  ["an authority that we do not know", {}, login, { ca: null }, "self signed"],
  ["a certificate for another host", { certificate: "elsewhere" }, login, {}, "does not match"],
  ["no certificate of ours", { mutual: true }, login, {}, "CERTIFICATE_REQUIRED"],
  ["a wrong password", {}, "shop:wrong", {}, "WRONGPASS"],
])("%s is told", async (_, wanted, as, trust, why) => {
  const { port } = await encrypted(wanted);
  const connection = open(`rediss://${as}@localhost:${port}`, trust);
  await until(() => connection.failure()?.includes(why) ?? false);
});
