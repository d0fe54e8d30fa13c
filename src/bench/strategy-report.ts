/** The tables of the strategies, for people. */
import { strategies } from "../domain/sale.ts";
import type { LockEachFigures, StrategyReport } from "./strategy-phase.ts";
import { table } from "./table.ts";
import type { TurnFigures } from "./turn-phase.ts";

export function strategyTables(report: StrategyReport | undefined): string[] {
  if (report === undefined) return [];
  const { perSecond, lockEach, turns } = report;
  const rates = strategies.flatMap((strategy) => {
    const rate = perSecond[strategy];
    return rate === undefined ? [] : [[strategy, whole(rate)]];
  });
  const side = table([["one product", "orders/s"], ...rates, ...lockEachRows(lockEach)]);
  return ["", side, ...(turns.length === 0 ? [] : [turnTable(turns)])];
}

function lockEachRows(figures: LockEachFigures | undefined): string[][] {
  if (figures === undefined) return [];
  return [
    ["a lock each, alone", whole(figures.alone)],
    ["a lock each, queued", whole(figures.queued)],
    ["locked ÷ a lock each", figures.ratio.toFixed(0)],
  ];
}

const HEAD = ["two processes", "orders/s", "turns/s", "a turn", "held", "hand-over", "p99"];

function turnTable(turns: readonly TurnFigures[]): string {
  const rows = turns.map((row) => [
    `turns of ${row.turnMs} ms`,
    whole(row.perSecond),
    row.turnsPerSecond.toFixed(1),
    whole(row.requestsPerTurn),
    ms(row.heldMs),
    ms(row.handOverMs),
    ms(row.p99Ms),
  ]);
  return table([HEAD, ...rows]);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
