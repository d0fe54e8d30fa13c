// Lets schemathesis loose on the HTTP API, once with a buyer's and once with an admin's token:
// no 5xx, no undocumented status or content type, every answer matches its schema, and the audit
// still holds. `--examples N` (2000) is how many requests each identity sends at least; `--url
// URL` fuzzes an engine that is running already; `--seed S` sends what that seed draws (without one
// each run draws anew, and says its seed); `--keep DIR` keeps the reports there.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startProgram } from "./support/program.ts";
import { installSchemathesis } from "./support/schemathesis.ts";
import { auditHolds, buy, devToken, openLargeSale } from "./support/shop.ts";

const ROOT = join(import.meta.dir, "..");
const START_DEADLINE_MS = 30_000;
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
];

const { values: flags } = parseArgs({
  options: {
    examples: { type: "string", default: "2000" },
    url: { type: "string" },
    seed: { type: "string" },
    keep: { type: "string" },
  },
});
const examples = Number(flags.examples);
const schemathesis = await installSchemathesis();
const place = await mkdtemp(join(tmpdir(), "doorbuster-fuzz-"));
const reports = flags.keep ?? join(place, "reports");
await mkdir(reports, { recursive: true });
try {
  await (flags.url === undefined ? fuzzOwnEngine() : fuzz(flags.url.replace(/\/$/, "")));
} finally {
  await rm(place, { recursive: true, force: true });
}

async function fuzzOwnEngine(): Promise<void> {
  const serve = ["serve", "--port", "0", "--data", join(place, "data")];
  const engine = await startProgram({
    command: [process.execPath, join(ROOT, "src", "main.ts"), ...serve],
    cwd: place,
    deadlineMs: START_DEADLINE_MS,
  });
  try {
    await fuzz(engine.url);
  } finally {
    await engine.stop();
    await Bun.write(join(reports, "engine.log"), engine.output());
  }
}

type Tokens = { readonly buyer: string; readonly admin: string };
type KnownIds = { readonly sale: string; readonly order: string; readonly saleToClose: string };

async function fuzz(url: string): Promise<void> {
  const tokens = {
    buyer: await devToken(url, "fuzz-buyer", "buy"),
    admin: await devToken(url, "fuzz-admin", "admin"),
  };
  const asBuyer = await fuzzAs(url, "buyer", tokens);
  const asAdmin = await fuzzAs(url, "admin", tokens);
  if (!asBuyer || !asAdmin) fail("schemathesis found failures; they are above");
}

/** Most ids that schemathesis comes up with exist nowhere, so one of two passes is given some. */
async function fuzzAs(url: string, who: keyof Tokens, tokens: Tokens): Promise<boolean> {
  const operations = await operationsOf(url);
  const ids = await makeKnownIds(url, tokens);
  const known = join(place, `${who}.toml`);
  await Bun.write(known, pinned(operations, ids));
  const perOperation = Math.ceil(examples / operations.length);
  const passes = [
    await runSchemathesis(url, `${who}-known-ids`, tokens[who], perOperation, known),
    await runSchemathesis(url, `${who}-any-ids`, tokens[who], perOperation, undefined),
  ];
  const sent = passes.reduce((total, pass) => total + pass.generated, 0);
  console.log(`fuzz: ${sent} requests as ${who}`);
  if (sent < examples) fail(`only ${sent} of ${examples} requests were generated as ${who}`);
  if (!(await auditHolds(url, tokens.admin, ids.sale))) fail("the audit of the sale does not hold");
  return passes.every((pass) => pass.exitCode === 0);
}

async function makeKnownIds(url: string, { buyer, admin }: Tokens): Promise<KnownIds> {
  const sale = await openLargeSale(url, admin);
  const order = await buy(url, buyer, sale.id);
  const saleToClose = await openLargeSale(url, admin);
  return { sale: sale.id, order: order.id, saleToClose: saleToClose.id };
}

async function runSchemathesis(
  url: string,
  name: string,
  token: string,
  perOperation: number,
  config: string | undefined,
): Promise<{ exitCode: number; generated: number }> {
  console.log(`\nfuzz: ${name}, ${perOperation} requests per operation`);
  const report = join(reports, `${name}.json`);
  const child = Bun.spawn(
    [
      ...[schemathesis, ...(config === undefined ? [] : ["--config-file", config])],
      ...["run", `${url}/openapi.json`],
      ...["--header", `Authorization: Bearer ${token}`, "--checks", CHECKS.join(",")],
      ...["--phases", "examples,coverage,fuzzing", "--max-examples", String(perOperation)],
      ...["--report", "json", "--report-json-path", report, "--no-color", "--continue-on-failure"],
      ...(flags.seed === undefined ? [] : ["--seed", flags.seed]),
    ],
    { cwd: place, stdio: ["ignore", "inherit", "inherit"] },
  );
  const exitCode = await child.exited;
  return { exitCode, generated: await generatedCases(report) };
}

type Report = { readonly test_cases?: { readonly generated?: number } };

async function generatedCases(path: string): Promise<number> {
  const report = Bun.file(path);
  if (!(await report.exists())) return 0;
  return ((await report.json()) as Report).test_cases?.generated ?? 0;
}

type OpenApi = { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> };

/** One entry per method and path: `/v1/sales/{id}`. */
async function operationsOf(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/openapi.json`);
  const { paths } = (await answer.json()) as OpenApi;
  const methods = new Set(["get", "post", "put", "patch", "delete"]);
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).flatMap((method) => (methods.has(method) ? [path] : [])),
  );
}

/** A schemathesis configuration that fills in the id after `/v1/sales/` and `/v1/orders/`. Closing
 *  gets a sale of its own, or there would be nothing left to try on the other. */
function pinned(operations: readonly string[], ids: KnownIds): string {
  const sections = [...new Set(operations)].flatMap((path) => {
    const [, collection, parameter] = /^\/v1\/(sales|orders)\/\{(\w+)\}/.exec(path) ?? [];
    if (collection === undefined) return [];
    const sale = path.endsWith("/close") ? ids.saleToClose : ids.sale;
    const id = collection === "orders" ? ids.order : sale;
    return [`[[operations]]\ninclude-path = "${path}"\nparameters = { ${parameter} = "${id}" }\n`];
  });
  return sections.join("\n");
}

function fail(why: string): never {
  throw new Error(`fuzz: ${why}`);
}
