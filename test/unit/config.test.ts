// The configuration: layers, one check of everything, and no secret ever shown.

import { describe, expect, test } from "bun:test";
import { usesDevelopmentSecret } from "../../src/config/auth-rules.ts";
import { type Flag, type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { printedConfig, printedFields } from "../../src/config/print.ts";
import { type ConfigProblem, formatProblems } from "../../src/config/problems.ts";
import { developmentSecret } from "../../src/config/schema.ts";
import { tempDir } from "../support/temp-dir.ts";

const secretA = "a-secret-of-more-than-32-bytes-aaaaaaaa";
const secretB = "a-secret-of-more-than-32-bytes-bbbbbbbb";

interface Given {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly Flag[];
  readonly file?: string;
}

function load({ files, env = {}, flags = [], file }: Given) {
  return loadConfig({ cwd: tempDir(files), env, flags, file });
}

async function loaded(given: Given): Promise<LoadedConfig> {
  const result = await load(given);
  if (!result.ok) throw new Error(formatProblems(result.error));
  return result.value;
}

async function problems(given: Given): Promise<readonly ConfigProblem[]> {
  const result = await load(given);
  return result.ok ? [] : result.error;
}

async function messages(given: Given): Promise<string> {
  return formatProblems(await problems(given));
}

const noTrust = { ca: null, cert: null, key: null };
const portFlag = (value: string): Flag => ({ name: "--port", path: "port", value });

describe("layers", () => {
  test("without any configuration the defaults hold", async () => {
    const { config, file } = await loaded({});
    expect(file).toBeNull();
    expect(config).toEqual({
      roles: ["api", "orders", "controller"],
      host: "127.0.0.1",
      port: 7070,
      dataDir: ".doorbuster",
      stores: { kind: "embedded" },
      redis: { url: "redis://127.0.0.1:6379", prefix: "doorbuster:", tls: noTrust },
      kafka: {
        brokers: ["127.0.0.1:9092"],
        prefix: "doorbuster.",
        partitions: 6,
        replication: 1,
        tls: { enabled: false, ...noTrust },
        sasl: { mechanism: null, username: null, password: null },
      },
      mysql: {
        url: "mysql://root@127.0.0.1:3306/doorbuster",
        connections: 10,
        tls: { enabled: false, ...noTrust },
      },
      etcd: {
        hosts: ["http://127.0.0.1:2379"],
        prefix: "doorbuster/locks/",
        ttlSeconds: 5,
        turnMs: 50,
        generation: 0,
        username: null,
        password: null,
        tls: noTrust,
      },
      sharePort: false,
      workers: 1,
      auth: {
        issuer: "doorbuster",
        audience: "doorbuster",
        keys: [{ kid: "default", secret: developmentSecret }],
        jwks: { url: null, file: null, ca: null, refreshSeconds: 300 },
        claims: {
          buyerId: "sub",
          buy: { claim: "scope", value: "buy" },
          admin: { claim: "scope", value: "admin" },
        },
        leewaySeconds: 0,
        devTokens: true,
        tokenTtlSeconds: 3600,
      },
      admission: { trustedProxies: [], whenAway: "share", nodes: 1 },
      cors: { origins: [], maxAgeSeconds: 600 },
      admin: { port: null, host: "127.0.0.1" },
      log: { level: "info", format: "auto" },
      metrics: { port: null },
    });
  });

  test("flags win over the environment, that over the file, and that over defaults", async () => {
    const files = { "doorbuster.yaml": "port: 1001\nlog:\n  level: warn\n  format: json\n" };
    const env = { DOORBUSTER_PORT: "1002", DOORBUSTER_LOG_LEVEL: "error" };
    const { config } = await loaded({ files, env, flags: [portFlag("1003")] });
    expect(config.port).toBe(1003);
    expect(config.log).toEqual({ level: "error", format: "json" });
    expect((await loaded({ files, env })).config.port).toBe(1002);
    expect((await loaded({ files })).config.port).toBe(1001);
  });

  test.each([
    ["doorbuster.yaml", "port: 1001"],
    ["doorbuster.yml", "port: 1001"],
    ["doorbuster.json", '{"port": 1001}'],
  ])("%s in the working directory is found", async (name, text) => {
    const { config, file } = await loaded({ files: { [name]: text } });
    expect([config.port, file]).toEqual([1001, name]);
  });

  test("a named file is read instead of the one in the working directory", async () => {
    const files = { "doorbuster.yaml": "port: 1001", "other.yaml": "port: 1002" };
    expect((await loaded({ files, file: "other.yaml" })).config.port).toBe(1002);
    const env = { DOORBUSTER_CONFIG: "other.yaml" };
    expect((await loaded({ files, env })).config.port).toBe(1002);
  });

  test("an empty file and an empty variable set nothing", async () => {
    const files = { "doorbuster.yaml": "# nothing yet\n" };
    expect((await loaded({ files, env: { DOORBUSTER_PORT: "" } })).config.port).toBe(7070);
  });

  test.each([
    ["DOORBUSTER_ROLES", "api, orders", { roles: ["api", "orders"] }],
    ["DOORBUSTER_ROLES", '["api"]', { roles: ["api"] }],
    ["DOORBUSTER_ROLES", "api,api", { roles: ["api"] }],
    ["DOORBUSTER_DATA_DIR", "data", { dataDir: "data" }],
    ["DOORBUSTER_STORES_KIND", "embedded", { stores: { kind: "embedded" } }],
    ["DOORBUSTER_METRICS_PORT", "9090", { metrics: { port: 9090 } }],
    ["DOORBUSTER_METRICS_PORT", "null", { metrics: { port: null } }],
    ["DOORBUSTER_AUTH_DEV_TOKENS", "false", { auth: { devTokens: false } }],
    ["DOORBUSTER_AUTH_TOKEN_TTL_SECONDS", "60", { auth: { tokenTtlSeconds: 60 } }],
  ])("%s=%s sets the setting it names", async (variable, value, expected) => {
    expect((await loaded({ env: { [variable]: value } })).config).toMatchObject(expected);
  });
});

describe("signing keys", () => {
  test("auth.secret is short for one key named default", async () => {
    const { config } = await loaded({ env: { DOORBUSTER_AUTH_SECRET: secretA } });
    expect(config.auth.keys).toEqual([{ kid: "default", secret: secretA }]);
    expect(usesDevelopmentSecret(config.auth)).toBe(false);
  });

  test("a secret may be the content of a file, without its last line end", async () => {
    const files = { secret: `${secretA}\n` };
    const { config } = await loaded({ files, env: { DOORBUSTER_AUTH_SECRET_FILE: "secret" } });
    expect(config.auth.keys[0]?.secret).toBe(secretA);
  });

  test("several keys keep their order, because the first one signs", async () => {
    const keys = [
      { kid: "new", secret: secretA },
      { kid: "old", secret: secretB },
    ];
    const env = { DOORBUSTER_AUTH_KEYS: JSON.stringify(keys) };
    expect((await loaded({ env })).config.auth.keys).toEqual([keys[0], keys[1]] as never);
    const files = { keys: JSON.stringify(keys) };
    const fromFile = await loaded({ files, env: { DOORBUSTER_AUTH_KEYS_FILE: "keys" } });
    expect(fromFile.config.auth.keys).toEqual([keys[0], keys[1]] as never);
  });

  test("a secret is measured in bytes", async () => {
    const env = { DOORBUSTER_AUTH_SECRET: "秒杀秒杀秒杀秒杀秒杀秒" };
    expect(await problems({ env })).toEqual([]);
  });

  test.each([
    [{ DOORBUSTER_AUTH_SECRET: secretA, DOORBUSTER_AUTH_SECRET_FILE: "x" }, "are both set"],
    [{ DOORBUSTER_AUTH_SECRET_FILE: "no-such-file" }, "there is no such file"],
    [{ DOORBUSTER_AUTH_SECRET_FILE: "." }, "it is a directory"],
    [{ DOORBUSTER_AUTH_SECRET: "too-short" }, "at least 32 bytes"],
    [{ DOORBUSTER_AUTH_SECRET: secretA, DOORBUSTER_AUTH_KEYS: keysText("a") }, "keep one of them"],
    [{ DOORBUSTER_AUTH_KEYS: keysText("a", "a") }, 'names the kid "a" twice'],
    [{ DOORBUSTER_AUTH_KEYS: "no JSON" }, "a group with the settings kid, secret"],
  ])("%j is refused", async (env, why) => {
    expect(await messages({ env })).toContain(why);
  });
});

describe("beyond loopback", () => {
  const beyond = { DOORBUSTER_HOST: "0.0.0.0" };

  test("the development secret is refused, with the commands that make a real one", async () => {
    const said = await messages({ env: beyond });
    expect(said).toContain("host 0.0.0.0 is not loopback");
    expect(said).toContain("openssl rand -base64 32");
    expect(said).toContain("DOORBUSTER_AUTH_SECRET_FILE");
  });

  test.each([
    "0.0.0.0",
    "::",
    "192.168.1.5",
    "shop.example.com",
    "127.0.0.1.example.com",
    "localhost.example",
  ])("%s is not taken for loopback", async (host) => {
    expect(await messages({ env: { DOORBUSTER_HOST: host } })).toContain("is not loopback");
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("%s is loopback", async (host) => {
    expect((await loaded({ env: { DOORBUSTER_HOST: host } })).config.auth.devTokens).toBe(true);
  });

  test("writing the development secret down does not make it secret", async () => {
    const env = { ...beyond, DOORBUSTER_AUTH_SECRET: developmentSecret };
    expect(await messages({ env })).toContain("everybody knows");
  });

  test("with a secret it starts, and hands out no development tokens", async () => {
    const { config } = await loaded({ env: { ...beyond, DOORBUSTER_AUTH_SECRET: secretA } });
    expect(config.auth.devTokens).toBe(false);
  });

  test("development tokens cannot be asked for", async () => {
    const env = { ...beyond, DOORBUSTER_AUTH_SECRET: secretA, DOORBUSTER_AUTH_DEV_TOKENS: "true" };
    expect(await messages({ env })).toContain("would hand an admin's token");
  });
});

describe("problems", () => {
  test("all of them are reported together, each with field, value, source and help", async () => {
    const found = await problems({
      files: { "doorbuster.yaml": "port: 99999\nhost: 0.0.0.0\nauth:\n  devTokns: 1\nlog: null\n" },
      env: { DOORBUSTER_ROLES: "api,ordrs", DOORBUSTER_PROT: "1" },
      flags: [portFlag("many")],
    });
    expect(
      found.map(({ field, value, source }) => [field, value, source.kind, source.name]),
    ).toEqual([
      ["DOORBUSTER_PROT", null, "environment", "DOORBUSTER_PROT"],
      ["roles[1]", '"ordrs"', "environment", "DOORBUSTER_ROLES"],
      ["port", '"many"', "flag", "--port"],
      ["auth.devTokns", null, "file", "doorbuster.yaml"],
      ["log", "null", "file", "doorbuster.yaml"],
      ["auth.secret", null, "default", ""],
    ]);
    expect(found.map(({ message }) => message.split("\n")[0])).toEqual([
      "is not a variable of Doorbuster; did you mean DOORBUSTER_PORT?",
      "must be one of api, orders, controller",
      "must be a whole number from 0 to 65535",
      "is not a setting; did you mean auth.devTokens?",
      "must be a group with the settings level, format",
      "is the development secret, which everybody knows, and host 0.0.0.0 is not loopback.",
    ]);
  });

  test.each([
    ["port: 70000", "port = 70000"],
    ["port: 1.5", "port = 1.5"],
    ["port: '7070'", 'port = "7070"'],
    ["roles: []", "roles = []"],
    ["roles: api", 'roles = "api"'],
    ["host: 'a b'", 'host = "a b"'],
    ["dataDir: ''", 'dataDir = ""'],
    ["stores:\n  kind: mongodb", 'stores.kind = "mongodb"'],
    ["auth:\n  tokenTtlSeconds: 0", "auth.tokenTtlSeconds = 0"],
    ["auth:\n  devTokens: 'yes'", 'auth.devTokens = "yes"'],
    ["log:\n  level: loud", 'log.level = "loud"'],
    ["metrics:\n  port: 7070", "metrics.port = 7070"],
  ])("%j is refused and quoted", async (text, quoted) => {
    expect(await messages({ files: { "doorbuster.yaml": text } })).toContain(quoted);
  });

  test.each([
    ["prot: 1", "did you mean port?"],
    ["devTokens: true", "did you mean auth.devTokens?"],
    ["kind: embedded", "did you mean stores.kind?"],
    ["metrics:\n  prot: 1", "did you mean metrics.port?"],
    ["whatever: 1", "there is roles, host, port"],
    ["__proto__:\n  port: 1", "is not a setting"],
  ])("the unknown setting %j gets a hint", async (text, hint) => {
    expect(await messages({ files: { "doorbuster.yaml": text } })).toContain(hint);
  });
});

describe("the file", () => {
  test.each([
    ["doorbuster.yaml", "port: 1\nlog: [\n", "is not valid YAML", /line [23], column \d+/],
    ["doorbuster.yaml", "a: 1\n b: 2\n", "is not valid YAML", /line 2, column \d+/],
    ["doorbuster.json", '{"port": 1,\n "host": }', "is not valid JSON", /line 2, column \d+/],
  ])("a broken %s (%j) is reported with its line", async (name, text, what, where) => {
    const said = await messages({ files: { [name]: text } });
    expect(said).toContain(name);
    expect(said).toContain(what);
    expect(said).toMatch(where);
    expect(said).toContain("doorbuster config check");
  });

  test("a broken file is the only problem: what it would have set is not asked for", async () => {
    const found = await problems({
      files: { "doorbuster.yaml": "auth: [" },
      env: { DOORBUSTER_HOST: "0.0.0.0" },
    });
    expect(found.map(({ field }) => field)).toEqual(["doorbuster.yaml"]);
  });

  test.each([
    [{ file: "missing.yaml" }, "there is no such file"],
    [{ files: { "doorbuster.yaml": "- api" } }, "must hold settings"],
    [{ files: { "doorbuster.yaml": "just text" } }, "must hold settings"],
    [{ files: { "doorbuster.yaml": "", "doorbuster.json": "{}" } }, "keep one of them"],
  ])("%j is refused with a reason", async (given, why) => {
    expect(await messages(given)).toContain(why);
  });
});

describe("secrets", () => {
  test("a group that a wrong indentation puts in a value's place keeps its secrets", async () => {
    const auth = `auth:\n      secret: ${secretA}`;
    for (const text of [`port:\n    ${auth}`, `roles:\n  - api\n  - ${auth}`]) {
      const said = await messages({ files: { "doorbuster.yaml": text } });
      expect(said).toContain("********");
      expect(said).not.toContain(secretA);
    }
  });

  test("a secret that stands where its file should be named is not repeated", async () => {
    const long = secretA.repeat(200);
    const givens: readonly Given[] = [
      ...[secretA, long].map((text) => ({ env: { DOORBUSTER_AUTH_SECRET_FILE: text } })),
      ...[secretA, long, `\0${secretA}`].map((text) => ({
        files: { "doorbuster.json": JSON.stringify({ auth: { secretFile: text } }) },
      })),
    ];
    for (const given of givens) {
      const said = await messages(given);
      expect(said).toContain("must name a file that can be read: ");
      expect(said).not.toContain(secretA);
    }
  });

  test("a setting without a name is seen in the complaint about it", async () => {
    const said = await messages({ files: { "doorbuster.json": '{"":1," port":2}' } });
    expect(said).toContain('  ""  (file');
    expect(said).toContain('  " port"  (file');
  });

  test("a refused secret is not shown, whether or not its place is right", async () => {
    const hidden = "hidden-but-short";
    const texts = [
      `auth:\n  secret: ${hidden}`,
      `auth:\n  secret: [${hidden}]`,
      `auth:\n  secrets: ${hidden}`,
      `auth: ${hidden}`,
      `auth:\n  keys: ${hidden}`,
      `auth:\n  keys:\n    - kid: a\n      secret: ${hidden}`,
      `auth:\n  keys:\n    - ${hidden}`,
      `auth:\n  keys:\n    - kid: a\n      secret: ${secretA}\n      more: ${hidden}`,
      `secret: ${hidden}`,
      `auth:\n  secret: "${hidden}\n  : [`,
    ];
    for (const text of texts) {
      const said = await messages({ files: { "doorbuster.yaml": text } });
      expect(said).toContain("problem");
      expect(said).not.toContain(hidden);
    }
    const json = `{"auth": {"secret": ${hidden.replaceAll("-", "_")}}}`;
    const said = await messages({ files: { "doorbuster.json": json } });
    expect(said).not.toContain("hidden");
  });

  test("printing shows every setting and its source, secrets masked", async () => {
    const files = { "doorbuster.yaml": `auth:\n  keys:\n    - kid: a\n      secret: ${secretA}\n` };
    const printed = printedFields(await loaded({ files, env: { DOORBUSTER_PORT: "0" } }));
    expect(JSON.stringify(printed)).not.toContain(secretA);
    expect(printed).toContainEqual({
      field: "auth.keys",
      value: [{ kid: "a", secret: "********" }],
      source: "file doorbuster.yaml",
    });
    expect(printed).toContainEqual({
      field: "port",
      value: 0,
      source: "environment DOORBUSTER_PORT",
    });
    expect(printedConfig(printed)).toMatchObject({ port: 0, log: { level: "info" } });
  });
});

function keysText(...kids: readonly string[]): string {
  return JSON.stringify(kids.map((kid) => ({ kid, secret: secretA })));
}
