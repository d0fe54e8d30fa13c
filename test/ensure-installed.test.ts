// The install check on small made-up checkouts, with an npm and a bun that only say what they did.

import { afterEach, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "../scripts/ensure-installed.mjs");
const WANTED = {
  "node_modules/bun": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/other-platform": { version: "1.0.0", integrity: "sha512-b", optional: true },
};
const INSTALLED = { "node_modules/bun": WANTED["node_modules/bun"] };
const WORKING_BUN = "#!/bin/sh\necho 1.0.0\n";
const PLACEHOLDER_BUN = "#!/bin/sh\nexit 1\n";

type Checkout = {
  readonly installed?: Readonly<Record<string, unknown>>;
  readonly bun?: string;
  readonly npmExits?: number;
  readonly installScript?: string;
};

const places: string[] = [];

afterEach(async () => {
  for (const place of places.splice(0)) await rm(place, { recursive: true });
});

test("says and does nothing when everything is there", async () => {
  expect(await ensureInstalled({ installed: INSTALLED })).toEqual({ exitCode: 0, said: "" });
});

test.each([
  ["nothing is installed", {}, "not installed yet"],
  ["a package is missing", { installed: {} }, "differs from package-lock.json"],
  [
    "a version is old",
    { installed: withBun({ version: "0.9.0" }) },
    "differs from package-lock.json",
  ],
  [
    "a content is another",
    { installed: withBun({ integrity: "sha512-z" }) },
    "differs from package-lock.json",
  ],
])("installs with npm ci when %s", async (_, checkout, why) => {
  const { exitCode, said } = await ensureInstalled(checkout);
  expect(exitCode).toBe(0);
  expect(said).toContain(why);
  expect(said).toContain("npm was called: ci --include=dev");
  expect(said).toContain("--loglevel=error");
});

test("fails and says where to look when npm ci fails", async () => {
  const { exitCode, said } = await ensureInstalled({ npmExits: 7 });
  expect(exitCode).toBe(1);
  expect(said).toContain("npm ci failed (exit code 7)");
});

test("runs bun's install script when npm was told not to", async () => {
  const { exitCode, said } = await ensureInstalled({
    installed: INSTALLED,
    bun: PLACEHOLDER_BUN,
    installScript: `require("fs").writeFileSync("bin/bun.exe", ${JSON.stringify(WORKING_BUN)});`,
  });
  expect(exitCode).toBe(0);
  expect(said).toContain("bun's install script has not run");
});

test("fails when bun does not start even then", async () => {
  const { exitCode, said } = await ensureInstalled({ installed: INSTALLED, bun: PLACEHOLDER_BUN });
  expect(exitCode).toBe(1);
  expect(said).toContain("bun does not start on this machine");
});

function withBun(change: Readonly<Record<string, string>>): Record<string, unknown> {
  return { "node_modules/bun": { ...WANTED["node_modules/bun"], ...change } };
}

async function ensureInstalled(checkout: Checkout): Promise<{ exitCode: number; said: string }> {
  const place = await makeCheckout(checkout);
  const child = Bun.spawn(["node", join(place, "scripts/ensure-installed.mjs")], {
    env: { ...process.env, npm_execpath: join(place, "npm.js") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = await new Response(child.stderr).text();
  return { exitCode: await child.exited, said };
}

async function makeCheckout(checkout: Checkout): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), "doorbuster-install-"));
  places.push(place);
  const write = (path: string, text: string) => Bun.write(join(place, path), text);
  await write("scripts/ensure-installed.mjs", await Bun.file(SCRIPT).text());
  await write("package-lock.json", JSON.stringify({ packages: { "": {}, ...WANTED } }));
  await write("npm.js", fakeNpm(checkout.npmExits ?? 0));
  await write("node_modules/bun/install.js", checkout.installScript ?? "");
  await write("node_modules/bun/bin/bun.exe", checkout.bun ?? WORKING_BUN);
  await chmod(join(place, "node_modules/bun/bin/bun.exe"), 0o755);
  if (checkout.installed !== undefined) {
    const lock = JSON.stringify({ packages: checkout.installed });
    await write("node_modules/.package-lock.json", lock);
  }
  return place;
}

function fakeNpm(exitCode: number): string {
  return `console.error("npm was called: " + process.argv.slice(2).join(" "));
process.exit(${exitCode});`;
}
