// Lets schemathesis loose on the HTTP API, once with a buyer's and once with an admin's token:
// no 5xx, no undocumented status or content type, every answer matches its schema, and the audit
// still holds. `--examples N` (2000) is how many requests each identity sends at least; `--url
// URL` fuzzes an engine that is running already; `--keep DIR` keeps the reports there.

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

/** The buyer comes first, because an admin may close the sale that both are sent to. */
async function fuzz(url: string): Promise<void> {
  const admin = await devToken(url, "fuzz-admin", "admin");
  const buyer = await devToken(url, "fuzz-buyer", "buy");
  const sale = await openLargeSale(url, admin);
  const order = await buy(url, buyer, sale.id);
  const ids = { "/v1/sales/": sale.id, "/v1/orders/": order.id };
  const asBuyer = await fuzzAs(url, "buyer", buyer, ids);
  const asAdmin = await fuzzAs(url, "admin", admin, ids);
  if (!(await auditHolds(url, admin, sale.id))) fail("the audit of the fuzzed sale does not hold");
  if (!asBuyer || !asAdmin) fail(`schemathesis found failures; they are above`);
}

/** Ids that schemathesis invents exist nowhere, so a second pass is given one sale and one order.
 */
async function fuzzAs(
  url: string,
  who: string,
  token: string,
  ids: Readonly<Record<string, string>>,
): Promise<boolean> {
  const operations = await operationsOf(url);
  const known = join(place, `${who}.toml`);
  await Bun.write(known, pinned(operations, ids));
  const perOperation = Math.ceil(examples / operations.length);
  const passes = [
    await runSchemathesis(url, `${who}-invented-ids`, token, perOperation, []),
    await runSchemathesis(url, `${who}-known-ids`, token, perOperation, ["--config-file", known]),
  ];
  const sent = passes.reduce((total, pass) => total + pass.generated, 0);
  console.log(`fuzz: ${sent} requests as ${who}`);
  if (sent < examples) fail(`only ${sent} of ${examples} requests were generated as ${who}`);
  return passes.every((pass) => pass.exitCode === 0);
}

async function runSchemathesis(
  url: string,
  name: string,
  token: string,
  perOperation: number,
  options: readonly string[],
): Promise<{ exitCode: number; generated: number }> {
  console.log(`\nfuzz: ${name}, ${perOperation} requests per operation`);
  const report = join(reports, `${name}.json`);
  const child = Bun.spawn(
    [
      ...[schemathesis, ...options, "run", `${url}/openapi.json`],
      ...["--header", `Authorization: Bearer ${token}`, "--checks", CHECKS.join(",")],
      ...["--phases", "examples,coverage,fuzzing", "--max-examples", String(perOperation)],
      ...["--report", "json", "--report-json-path", report, "--no-color", "--continue-on-failure"],
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

/** A schemathesis configuration that fills the first path parameter after each prefix of `ids`. */
function pinned(operations: readonly string[], ids: Readonly<Record<string, string>>): string {
  const sections = Object.entries(ids).flatMap(([prefix, id]) =>
    [...new Set(operations.filter((path) => path.startsWith(`${prefix}{`)))].map((path) => {
      const parameter = path.slice(prefix.length + 1, path.indexOf("}"));
      return `[[operations]]\ninclude-path = "${path}"\nparameters = { ${parameter} = "${id}" }\n`;
    }),
  );
  return sections.join("\n");
}

function fail(why: string): never {
  throw new Error(`fuzz: ${why}`);
}
