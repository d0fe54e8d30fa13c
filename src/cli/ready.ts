/** What a server says once it listens: one JSON event for programs, or where to look and how to buy
 *  for people. */

import { usesDevelopmentSecret } from "../config/auth-rules.ts";
import type { Config } from "../config/validate.ts";
import type { SaleView } from "./sale-view.ts";
import { formatPairs } from "./table.ts";
import type { Recovered } from "./world.ts";

export interface Ready {
  readonly url: string;
  readonly recovered: Recovered;
  /** Null without `--demo`. */
  readonly demoSale: SaleView | null;
  readonly config: Config;
}

export function readyJson({ url, recovered, demoSale }: Ready): Record<string, unknown> {
  const demo = demoSale === null ? {} : { demoSale: demoSale.id };
  return { event: "listening", url, recovered, ...demo };
}

export function readyText(ready: Ready): string {
  const { url, config, demoSale } = ready;
  const sections = [
    `Doorbuster is ready at ${url}`,
    formatPairs([
      ["API reference", `${url}/docs`],
      ["data", config.dataDir],
      ...recoveredPairs(ready.recovered),
      ...salePairs(demoSale),
      ...secretPairs(config),
    ]),
    demoSale === null ? createText() : buyText(url, config, demoSale),
    "Ctrl+C stops it.",
  ];
  return `\n${sections.join("\n\n")}\n`;
}

type Pair = readonly [string, string];

function recoveredPairs({ replayed, salesLoaded }: Recovered): Pair[] {
  if (salesLoaded.length === 0) return [];
  const sales = salesLoaded.length === 1 ? "1 sale" : `${salesLoaded.length} sales`;
  return [["recovered", `${sales}, ${replayed} orders replayed from the log`]];
}

function salePairs(sale: SaleView | null): Pair[] {
  if (sale === null) return [];
  const { amount, currency } = sale.price;
  const left = `${sale.remaining ?? sale.stock} of ${sale.stock} left`;
  return [["sale", `${sale.id}  ${sale.name}, ${amount} ${currency}, ${left}`]];
}

function secretPairs(config: Config): Pair[] {
  if (!usesDevelopmentSecret(config.auth)) return [];
  return [["tokens", "signed with the development secret; fine here, refused beyond loopback"]];
}

function buyText(url: string, config: Config, sale: SaleView): string {
  return `Buy one:

  TOKEN=$(${tokenCommandLine(url, config)})
  curl -s ${url}/v1/sales/${sale.id}/orders \\
    -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -H 'idempotency-key: my-first-order' -d '{"quantity":1}'`;
}

function tokenCommandLine(url: string, config: Config): string {
  if (!config.auth.devTokens) return "npm run -s doorbuster -- token --sub alice --scope buy";
  const body = '{"sub":"alice","scope":"buy"}';
  return [
    `curl -s ${url}/v1/dev/tokens -H 'content-type: application/json'`,
    `    -d '${body}' | grep -o 'eyJ[^"]*'`,
  ].join(" \\\n");
}

function createText(): string {
  return "Make a sale: `doorbuster sale create --help` (in a clone: `npm run doorbuster -- …`).";
}
