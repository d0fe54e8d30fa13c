// The command line against the real engine: one starts it, others use it, a signal ends it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { doorbuster, type Ended, serving } from "../support/doorbuster-process.ts";
import { tempDir } from "../support/temp-dir.ts";

/** Each command is a process of its own, and the machine may be busy. */
setDefaultTimeout(30_000);

const secret = "a-secret-of-more-than-32-bytes-aaaaaaaa";

function json(text: string) {
  return JSON.parse(text);
}

/** Buys one unit over HTTP and returns the status of the answer. */
async function buy(url: string, saleId: string, token: string, key: string): Promise<number> {
  const answer = await fetch(`${url}/v1/sales/${saleId}/orders`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": key,
    },
    body: '{"quantity":1}',
  });
  await answer.text();
  return answer.status;
}

describe("serve", () => {
  test("--json says in one line where it listens, and SIGTERM ends it with 0", async () => {
    const place = { cwd: tempDir() };
    const shop = await serving(["--demo", "--json"], place);
    expect((await fetch(`${shop.url}/readyz`)).status).toBe(200);
    const { exitCode, stdout, stderr } = await shop.stop();
    expect(exitCode).toBe(0);
    expect(stdout).toEndWith("\n");
    expect(json(stdout)).toEqual({
      event: "listening",
      url: shop.url,
      recovered: { replayed: 0, salesLoaded: [] },
      demoSale: "s1",
    });
    for (const line of stderr.trim().split("\n")) expect(json(line)).toHaveProperty("time");
  });

  test("for people it tells the URL, the documentation and how to buy", async () => {
    const shop = await serving(["--demo"], { cwd: tempDir() });
    const { stdout } = await shop.stop();
    expect(stdout).toContain(`Doorbuster is ready at ${shop.url}`);
    expect(stdout).toContain(`${shop.url}/docs`);
    expect(stdout).toContain(`curl -s ${shop.url}/v1/sales/s1/orders`);
  });

  test("the next start finds everything again and makes no second demo sale", async () => {
    const place = { cwd: tempDir() };
    const first = await serving(["--demo", "--json"], place);
    const token = await doorbuster(["token", "--sub", "alice", "--scope", "buy"], place);
    expect(await buy(first.url, "s1", token.stdout.trim(), "k1")).toBe(202);
    expect((await first.stop()).exitCode).toBe(0);
    const second = await serving(["--demo", "--json"], place);
    const sale = await doorbuster(["sale", "show", "s1", "--json", "--url", second.url], place);
    expect(json(sale.stdout)).toMatchObject({ state: "open", stock: 1000, remaining: 999 });
    const { stdout } = await second.stop();
    expect(json(stdout)).toMatchObject({ recovered: { salesLoaded: ["s1"] }, demoSale: "s1" });
  });

  test("the secret appears nowhere, and tokens signed with it are accepted", async () => {
    const place = {
      cwd: tempDir(),
      env: { DOORBUSTER_AUTH_SECRET: secret, DOORBUSTER_LOG_LEVEL: "trace" },
    };
    const shop = await serving(["--demo", "--json"], place);
    const token = (await doorbuster(["token", "--sub", "alice", "--scope", "buy"], place)).stdout;
    expect(await buy(shop.url, "s1", token.trim(), "k1")).toBe(202);
    const { stdout, stderr } = await shop.stop();
    expect(stdout + stderr).not.toContain(secret);
    expect(stdout + stderr).not.toContain("eyJ");
  });
});

describe("serve refuses to start", () => {
  function refusal({ exitCode, stdout, stderr }: Ended) {
    const lines = stderr.trim().split("\n");
    const { code, message, help } = json(lines.at(-1) ?? "").error;
    return { exitCode, stdout, code, message, help, stderr };
  }

  test("on a data directory that another process has", async () => {
    const place = { cwd: tempDir() };
    const shop = await serving(["--json"], place);
    const second = refusal(await doorbuster(["serve", "--port", "0", "--json"], place));
    expect(second).toMatchObject({ exitCode: 1, stdout: "", code: "data-dir-in-use" });
    expect(second.help).not.toBe("");
    expect((await shop.stop()).exitCode).toBe(0);
  });

  test("on a port that another process has", async () => {
    const shop = await serving(["--json"], { cwd: tempDir() });
    const { port } = new URL(shop.url);
    const args = ["serve", "--port", port, "--json"];
    const second = refusal(await doorbuster(args, { cwd: tempDir() }));
    expect(second).toMatchObject({ exitCode: 1, stdout: "", code: "port-in-use" });
    expect(second.message).toContain(port);
    expect(second.help).toContain("--port");
    expect((await shop.stop()).exitCode).toBe(0);
  });

  test("on a data directory that is a file", async () => {
    const place = { cwd: tempDir({ data: "" }) };
    const args = ["serve", "--port", "0", "--data", "data", "--json"];
    const refused = refusal(await doorbuster(args, place));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", code: "data-dir-unusable" });
    expect(refused.stderr).not.toContain("    at ");
  });

  test("with clustered stores and no directory for the log of its locks", async () => {
    const cwd = tempDir({ occupied: "a file" });
    const env = { DOORBUSTER_STORES_KIND: "clustered" };
    const args = ["serve", "--roles", "api", "--port", "0", "--data", "occupied", "--json"];
    const refused = refusal(await doorbuster(args, { cwd, env }));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", code: "data-dir-unusable" });
    expect(refused.message).toContain("the log of locks in occupied/locks/api-0");
  });

  test("with a part of the roles on stores that only one process sees", async () => {
    const args = ["serve", "--roles", "api", "--port", "0", "--json"];
    const refused = refusal(await doorbuster(args, { cwd: tempDir() }));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", code: "roles-missing" });
    expect(refused.message).toEndWith("missing: orders, controller");
    expect(refused.help).toContain("Leave --roles out");
    expect(refused.stderr).not.toContain("    at ");
  });

  test("beyond loopback with the development secret", async () => {
    const args = ["serve", "--port", "0", "--host", "0.0.0.0", "--json"];
    const refused = refusal(await doorbuster(args, { cwd: tempDir() }));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", code: "config-invalid" });
    expect(refused.message).toContain("DOORBUSTER_AUTH_SECRET_FILE");
  });
});

describe("the commands of an admin", () => {
  test("carry a sale from its creation to its audit", async () => {
    const cwd = tempDir();
    const shop = await serving(["--json"], { cwd });
    const place = { cwd, env: { DOORBUSTER_URL: shop.url } };
    const run = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await doorbuster([...args, "--json"], place);
      return { exitCode, error: stderr, ...(stdout === "" ? {} : { answer: json(stdout) }) };
    };
    const terms = ["--product-id", "mug", "--stock", "2", "--price", "9.90", "--currency", "EUR"];
    const created = await run("sale", "create", ...terms, "--name", "Mug");
    expect(created.answer).toMatchObject({ id: "s1", state: "scheduled", stock: 2 });
    expect((await run("sale", "open", "s1")).answer).toMatchObject({ state: "open" });
    const token = (await run("token", "--sub", "alice", "--scope", "buy")).answer.token;
    expect(await buy(shop.url, "s1", token, "k1")).toBe(202);
    const restock = ["sale", "restock", "s1", "--add", "3", "--key", "delivery"];
    expect((await run(...restock)).answer).toMatchObject({ stock: 5, remaining: 4 });
    expect((await run(...restock)).answer).toMatchObject({ stock: 5, remaining: 4 });
    expect((await run("sale", "pause", "s1")).answer).toMatchObject({ state: "paused" });
    expect((await run("sale", "resume", "s1")).answer).toMatchObject({ state: "open" });
    expect((await run("sale", "close", "s1")).answer).toMatchObject({ state: "closed" });
    const reopened = await run("sale", "open", "s1");
    expect([reopened.exitCode, json(reopened.error).error.code]).toEqual([1, "invalid-transition"]);
    const audit = await run("audit", "s1");
    expect(audit).toMatchObject({ exitCode: 0, answer: { ok: true, stock: 5, orders: 1 } });
    expect((await run("sale", "list")).answer).toMatchObject({ items: [{ id: "s1" }] });
    expect((await shop.stop()).exitCode).toBe(0);
  });

  test("doctor knows a port that Doorbuster itself serves", async () => {
    const cwd = tempDir();
    const shop = await serving(["--json"], { cwd });
    const env = { DOORBUSTER_PORT: new URL(shop.url).port };
    const { exitCode, stdout } = await doorbuster(["doctor", "--json"], { cwd, env });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("is served by a running Doorbuster");
    expect((await shop.stop()).exitCode).toBe(0);
  });
});
