// What a run is told by its environment: `k6 run -e BASE_URL=https://… -e RATE=3000 …`. What a
// variable means, and what holds without it, is in docs/load-tests.md.

import type { Defaults } from "./scenarios.ts";

export interface Settings extends Defaults {
  readonly baseUrl: string;
  /** Null: setup makes a sale. */
  readonly saleId: string | null;
  /** Null: setup asks for a development token. */
  readonly adminToken: string | null;
  /** A file with a buyer's token on each line; null: setup asks for development tokens. */
  readonly tokensFile: string | null;
  /** How many development tokens it asks for. */
  readonly buyers: number;
  readonly saleBurst: number;
  /** What the 99th percentile of the accepted may be; null: anything. */
  readonly p99Ms: number | null;
  /** Where the summary goes: its JSON to this path with `.json`, a page to it with `.html`. */
  readonly summary: string | null;
}

export function settingsOver(defaults: Defaults): Settings {
  const saleRate = number("SALE_RATE", defaults.saleRate);
  return {
    baseUrl: (text("BASE_URL") ?? "http://127.0.0.1:7070").replace(/\/+$/, ""),
    saleId: text("SALE_ID"),
    adminToken: text("ADMIN_TOKEN"),
    tokensFile: text("TOKENS"),
    buyers: number("BUYERS", 200),
    vus: number("VUS", defaults.vus),
    rate: number("RATE", defaults.rate),
    seconds: number("SECONDS", defaults.seconds),
    attempts: number("ATTEMPTS", defaults.attempts),
    stock: number("STOCK", defaults.stock),
    perBuyer: number("PER_BUYER", defaults.perBuyer),
    saleRate,
    saleBurst: number("SALE_BURST", saleRate),
    p99Ms: text("P99_MS") === null ? null : number("P99_MS", 0),
    summary: text("SUMMARY"),
  };
}

function text(name: string): string | null {
  return __ENV[name] || null;
}

/** Throws before anything is sent: a typing error must not become a load of nothing. */
function number(name: string, otherwise: number): number {
  const given = text(name);
  if (given === null) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name} is ${given}; it must be a whole number above 0`);
}
