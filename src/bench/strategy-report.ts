/** The tables of the strategies, for people. */
import { strategies } from "../domain/sale.ts";
import type { LockFigures, StrategyReport } from "./strategy-phase.ts";
import { table } from "./table.ts";
import type { TurnFigures } from "./turn-phase.ts";

export function strategyTables(report: StrategyReport | undefined): string[] {
  if (report === undefined) return [];
  const { perSecond, locks, turns } = report;
  const rates = strategies.flatMap((strategy) => {
    const rate = perSecond[strategy];
    return rate === undefined ? [] : [[strategy, whole(rate)]];
  });
  const side = table([["one product", "orders/s"], ...rates]);
  return ["", side, ...lockLines(locks), ...(turns.length === 0 ? [] : [turnTable(turns)])];
}

function lockLines(figures: LockFigures | undefined): string[] {
  if (figures === undefined) return [];
  const { alone, queued, inTurns, ratio, orderRatio } = figures;
  const rows = [
    ["a lock for each, alone", whole(alone)],
    ["a lock for each, queued", whole(queued)],
    ["a lock for a turn", whole(inTurns)],
    ["turn ÷ each", ratio.toFixed(0)],
    ["orders of a locked sale ÷ each", orderRatio.toFixed(0)],
  ];
  return [table([["straight from the stock", "units/s"], ...rows])];
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
