// What happened in a drill as its clients saw it, one fact a line: enough to judge it again later.
// Times are milliseconds since 1970, by one clock that never goes back.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { StoredOrder } from "../../src/rush/checker.ts";

/** A sale as it was made. */
export interface SaleFact {
  readonly type: "sale";
  readonly sale: string;
  readonly stock: number;
  readonly limit: number;
  readonly terms: string;
}

/** One request for an order, and what came of it. */
export interface PurchaseCall {
  readonly type: "purchase";
  readonly sale: string;
  readonly buyer: string;
  readonly key: string;
  readonly quantity: number;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** `accepted`, `reserved`, the name of a problem, `lost` if there was no answer, or what nobody
   *  should ever be answered. */
  readonly outcome: string;
  readonly order?: {
    readonly id: string;
    readonly quantity: number;
    readonly acceptedAt: string;
  };
}

export type AdminAction = "open" | "pause" | "resume" | "close" | "restock";

export interface AdminCall {
  readonly type: "admin";
  readonly sale: string;
  readonly action: AdminAction;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** `refused`: it had no effect. */
  readonly outcome: "done" | "refused" | "unknown";
  /** Of a restock. */
  readonly key?: string;
  readonly added?: number;
}

export interface FaultFact {
  readonly type: "fault";
  readonly kind: string;
  readonly thing: string;
  readonly from: number;
  readonly to: number;
  /** From the end of the faults that overlapped until every steady sale sold again; null: never. */
  readonly backMs: number | null;
}

/** What the database says of a sale in the end, and the engine's own audit. */
export interface StoredFact {
  readonly type: "stored";
  readonly sale: string;
  readonly total: number;
  readonly sold: number;
  readonly orders: readonly StoredOrder[];
  /** Reservations without a row, of which the API says that they were refused. */
  readonly refused: readonly string[];
  readonly audit: { readonly ok: boolean | null; readonly pending: number };
}

/** Something that is wrong whatever the clients saw. */
export interface WrongFact {
  readonly type: "wrong";
  readonly kind: string;
  readonly detail: string;
}

export type Fact = SaleFact | PurchaseCall | AdminCall | FaultFact | StoredFact | WrongFact;

export interface History {
  readonly file: string;
  readonly facts: readonly Fact[];
  add(fact: Fact): void;
  /** Writes down what was added since. */
  flush(): void;
}

const flushEvery = 500;

export function newHistory(file: string): History {
  writeFileSync(file, "");
  const facts: Fact[] = [];
  let written = 0;
  const flush = () => {
    const lines = facts.slice(written).map((fact) => `${JSON.stringify(fact)}\n`);
    written = facts.length;
    appendFileSync(file, lines.join(""));
  };
  const add = (fact: Fact) => {
    facts.push(fact);
    if (facts.length - written >= flushEvery) flush();
  };
  return { file, facts, add, flush };
}

export function readHistory(file: string): Fact[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Fact);
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}
