// The command line: help, usage, exit codes, and what programs read from it.

import { describe, expect, test } from "bun:test";
import { cli } from "../support/cli-world.ts";
import { tempDir } from "../support/temp-dir.ts";

const commands = [
  ["serve"],
  ...["create", "list", "show", "open", "pause", "resume", "close", "restock"].map((name) => [
    "sale",
    name,
  ]),
  ["audit"],
  ["rush"],
  ["token"],
  ["doctor"],
  ["bench"],
  ["config", "check"],
  ["config", "print"],
];
const terms = ["--product-id", "p", "--stock", "1", "--price", "1.50"];
const secret = "a-secret-of-more-than-32-bytes-aaaaaaaa";
const development = "doorbuster-development-secret";

function json(text: string): Record<string, unknown> {
  return JSON.parse(text);
}

/** The claims of a token, unverified. */
function segmentsOf(token: string): Record<string, unknown>[] {
  const [header = "", claims = ""] = token.trim().split(".");
  return [header, claims].map((part) => json(Buffer.from(part, "base64url").toString()));
}

describe("help", () => {
  test.each(commands.map((command) => [command.join(" "), command] as const))(
    "%s --help has an example and documents its JSON",
    async (name, command) => {
      const { exitCode, stdout, stderr } = await cli([...command, "--help"]);
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`$ doorbuster ${name}`);
      expect(stdout).toContain("With --json:");
    },
  );

  test.each([[[]], [["sale"]], [["config"]]])("%j --help lists commands", async (command) => {
    const { exitCode, stdout } = await cli([...command, "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Commands:");
    expect(stdout).toContain("$ doorbuster");
  });

  test("--version prints the version of package.json", async () => {
    const { version } = await Bun.file("package.json").json();
    expect(await cli(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("usage", () => {
  test.each(commands.map((command) => [command.join(" "), command] as const))(
    "an unknown option of %s is exit code 2",
    async (_, command) => {
      const { exitCode, stdout, stderr } = await cli([...command, "--bogus"]);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/unknown option '--bogus'|required option/);
    },
  );

  test.each([
    [[], "no command"],
    [["sale"], "no command"],
    [["srve"], "Did you mean serve?"],
    [["audit"], "missing required argument 'sale'"],
    [["audit", "s1", "s2"], "too many arguments"],
    [["token", "--scope", "buy"], "required option '--sub <id>'"],
    [["token", "--sub", "a", "--scope", "all"], "Allowed choices are buy, admin"],
    [["token", "--sub", "a", "--scope", "buy", "--ttl", "0"], "whole number from 1 to"],
    [["token", "--sub", "a", "--scope", "buy", "--count", "0"], "whole number from 1 to"],
    [["token", "--sub", "", "--scope", "buy"], "must have 1 to 128 printable"],
    [["token", "--sub", "a\nb", "--scope", "buy"], "printable"],
    [["sale", "restock", "s1", "--add", "-5"], "whole number from 1 to"],
    [["sale", "restock", "s1", "--add", "1e3"], "whole number from 1 to"],
    [["sale", "create", "--product-id", "p", "--stock", "1", "--price", "1,5"], "like 199.00"],
    [["sale", "create", ...terms, "--starts-at", "tomorrow"], "a time with its zone"],
    [["sale", "create", ...terms, "--starts-at", "2026-11-11T00:00:00"], "a time with its zone"],
    [["sale", "list", "--url", "ftp://127.0.0.1"], "must look like http://"],
    [["sale", "list", "--url", "nonsense"], "must look like http://"],
    [["serve", "--port", "many"], "must be a whole number from 0 to 65535"],
    [["serve", "--roles", "api,cook"], "must be one of api, orders, controller"],
    [["serve", "--roles", "orders", "--demo"], "--demo needs the role api"],
    [["rush", "--retry-share", "2"], "number from 0 to 1"],
    [["rush", "--rate", "5", "--duration", "5", "--buyers", "5"], "contradict each other"],
  ])("%j is exit code 2 and says why", async (args, why) => {
    const { exitCode, stdout, stderr } = await cli(args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(why);
  });

  test("with --json a mistake is one line of JSON on stderr", async () => {
    const { exitCode, stdout, stderr } = await cli(["audit", "--json"]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(json(stderr)).toMatchObject({ error: { code: "usage", help: expect.any(String) } });
  });
});

describe("token", () => {
  const buyer = ["token", "--sub", "alice", "--scope", "buy"];

  test("is signed with the configured key, for whom and for how long it was asked", async () => {
    const env = { DOORBUSTER_AUTH_SECRET: secret, DOORBUSTER_AUTH_ISSUER: "shop" };
    const { exitCode, stdout, stderr } = await cli([...buyer, "--ttl", "60"], { env });
    expect([exitCode, stderr]).toEqual([0, ""]);
    const [header, claims] = segmentsOf(stdout);
    expect(header).toEqual({ alg: "HS256", typ: "JWT", kid: "default" });
    expect(claims).toMatchObject({ iss: "shop", aud: "doorbuster", sub: "alice", scope: "buy" });
    expect(Number(claims?.exp) - Number(claims?.iat)).toBe(60);
    const [input, signature] = [
      stdout.slice(0, stdout.lastIndexOf(".")),
      stdout.trim().split(".")[2],
    ];
    const expected = new Bun.CryptoHasher("sha256", secret).update(input).digest("base64url");
    expect(signature).toBe(expected);
  });

  test("--json tells what it is and when it ends", async () => {
    const { stdout } = await cli([...buyer, "--json"], { env: { DOORBUSTER_AUTH_SECRET: secret } });
    const printed = json(stdout);
    expect(Object.keys(printed)).toEqual(["token", "sub", "scope", "expiresAt"]);
    expect(printed).toMatchObject({ sub: "alice", scope: "buy" });
  });

  test("--count signs one for each of as many buyers, a line each", async () => {
    const { stdout } = await cli([...buyer, "--count", "3"], {
      env: { DOORBUSTER_AUTH_SECRET: secret },
    });
    const subjects = stdout
      .trimEnd()
      .split("\n")
      .map((token) => segmentsOf(token)[1]?.sub);
    expect(subjects).toEqual(["alice-1", "alice-2", "alice-3"]);
  });

  test("says so when it is signed with the development secret", async () => {
    const { exitCode, stdout, stderr } = await cli(buyer);
    expect([exitCode, stdout.startsWith("eyJ")]).toEqual([0, true]);
    expect(stderr).toContain("development secret");
  });
});

describe("config", () => {
  test("check is exit code 1 for a broken one and lists every problem", async () => {
    expect((await cli(["config", "check"])).exitCode).toBe(0);
    const cwd = tempDir({ "doorbuster.yaml": "port: x\nhost: 1 2\n" });
    const broken = await cli(["config", "check"], { cwd });
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toContain("2 problems");
    const asJson = await cli(["config", "check", "--json"], { cwd });
    expect(asJson.exitCode).toBe(1);
    expect(json(asJson.stdout)).toMatchObject({
      ok: false,
      problems: [{ field: "host" }, { field: "port", value: '"x"', source: { kind: "file" } }],
    });
  });

  test("print shows what is in effect, without secrets", async () => {
    const env = { DOORBUSTER_AUTH_SECRET: secret, DOORBUSTER_PORT: "8080" };
    const human = await cli(["config", "print"], { env });
    expect(human.stdout).toMatch(/^port +8080 +environment DOORBUSTER_PORT$/m);
    const asJson = await cli(["config", "print", "--json"], { env });
    expect(json(asJson.stdout)).toMatchObject({
      config: { port: 8080, auth: { secret: "********" } },
      sources: { port: "environment DOORBUSTER_PORT", host: "default" },
    });
    expect(human.stdout + asJson.stdout).not.toContain(secret);
  });

  test("a broken configuration fails every command that needs it", async () => {
    const cwd = tempDir({ "doorbuster.yaml": "port: [\n" });
    for (const command of [["serve"], ["sale", "list"], ["audit", "s1"], ["config", "print"]]) {
      const { exitCode, stderr } = await cli(command, { cwd });
      expect(exitCode).toBe(1);
      expect(stderr).toContain("is not valid YAML");
    }
    const asJson = await cli(["serve", "--json"], { cwd });
    expect(json(asJson.stderr)).toMatchObject({
      error: { code: "config-invalid", problems: [{}] },
    });
  });
});

describe("doctor", () => {
  const free = { DOORBUSTER_PORT: "0" };

  test("finds nothing to mend in a good place, and leaves it as it was", async () => {
    const cwd = tempDir();
    const { exitCode, stdout } = await cli(["doctor", "--json"], { cwd, env: free });
    const report = json(stdout) as { ok: boolean; findings: { check: string; status: string }[] };
    expect(report.findings.filter(({ status }) => status === "fail")).toEqual([]);
    expect([exitCode, report.ok]).toEqual([0, true]);
    const checks = ["runtime", "memory", "open files", "configuration", "signing secret"];
    const ofData = ["data directory", "disk space", "SQLite", "disk speed", "clock", "port"];
    expect(report.findings.map(({ check }) => check)).toEqual([...checks, ...ofData]);
    expect([...new Bun.Glob("**").scanSync({ cwd, dot: true })]).toEqual([]);
  });

  test("warns of the development secret, and not of another", async () => {
    const warned = await cli(["doctor"], { env: free });
    expect(warned.stdout).toContain("the development secret");
    const env = { ...free, DOORBUSTER_AUTH_SECRET: secret };
    const fine = await cli(["doctor"], { env });
    expect(fine.stdout).toMatch(/^ok +signing secret/m);
    expect(fine.stdout + warned.stdout).not.toContain(secret);
    expect(fine.stdout + warned.stdout).not.toContain(development);
  });

  test("fails where the data directory is a file", async () => {
    const cwd = tempDir({ data: "" });
    const env = { ...free, DOORBUSTER_DATA_DIR: "data" };
    const { exitCode, stdout } = await cli(["doctor"], { cwd, env });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^fail +data directory +data is, or is inside, a file$/m);
  });

  test("fails on a port that another program has, and says so", async () => {
    const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
    const { exitCode, stdout } = await cli(["doctor"], {
      env: { DOORBUSTER_PORT: String(other.port) },
    });
    await other.stop(true);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("is taken by another program");
  });

  test("reports a broken configuration as one of its findings", async () => {
    const cwd = tempDir({ "doorbuster.yaml": "port: many" });
    const { exitCode, stdout } = await cli(["doctor"], { cwd });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^fail +configuration/m);
    expect(stdout).toContain('port = "many"');
  });
});
