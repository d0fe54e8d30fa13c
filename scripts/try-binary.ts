// Starts the built binary in an empty folder, with nothing on the PATH, and uses it: the pages are
// there, the API is described, a unit is sold, and SIGTERM stops it. Run `npm run build` before.

import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "./support/program.ts";
import { auditHolds, buy, devToken, openLargeSale, placed } from "./support/shop.ts";

const BINARY = join(import.meta.dir, "..", "dist", "doorbuster");
const START_DEADLINE_MS = 30_000;
const PAGES = ["/docs", "/openapi.json", "/livez", "/readyz", "/metrics"];

const place = await mkdtemp(join(tmpdir(), "doorbuster-binary-"));
try {
  await copyFile(BINARY, join(place, "doorbuster"));
  await tryIt();
} finally {
  await rm(place, { recursive: true, force: true });
}

async function tryIt(): Promise<void> {
  const shop = await startProgram({
    command: [join(place, "doorbuster"), "serve", "--port", "0"],
    cwd: place,
    env: { PATH: "", NODE_PATH: undefined, BUN_INSTALL: undefined },
    deadlineMs: START_DEADLINE_MS,
  });
  try {
    for (const page of PAGES) await expectPage(shop.url + page);
    await expectAssetsOf(`${shop.url}/docs`);
    await sellOne(shop.url);
  } finally {
    await shop.stop();
  }
  console.log("the binary runs alone: pages served, one unit sold, stopped cleanly");
}

async function expectPage(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`);
  return text;
}

/** The page is worth nothing without its scripts and styles, and those must be its own. */
async function expectAssetsOf(page: string): Promise<void> {
  const html = await expectPage(page);
  const assets = [...html.matchAll(/<(?:script|link)[^>]+(?:src|href)="([^"]+)"/g)];
  if (assets.length === 0) throw new Error(`${page} has no scripts and no styles`);
  for (const [, asset = ""] of assets) {
    const url = new URL(asset, page);
    if (url.protocol === "data:") continue;
    if (url.origin !== new URL(page).origin) throw new Error(`${page} loads ${url} from elsewhere`);
    await expectPage(url.href);
  }
}

async function sellOne(url: string): Promise<void> {
  const admin = await devToken(url, "binary-admin", "admin");
  const buyer = await devToken(url, "binary-buyer", "buy");
  const sale = await openLargeSale(url, admin);
  const order = await buy(url, buyer, sale.id);
  await placed(url, buyer, order.id);
  if (!(await auditHolds(url, admin, sale.id))) throw new Error("the audit does not hold");
}
