// The curves in a terminal: one column for each half second, the highest value in it.

import type { Curve } from "./curves.ts";
import type { RunResult } from "./run.ts";

const height = 6;
const columnMs = 500;
const blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

export function textChart(result: RunResult, curves: readonly Curve[]): string {
  const { samples, slowedAtMs, restoredAtMs } = result;
  const columns = Math.ceil((samples.at(-1)?.atMs ?? 0) / columnMs);
  const phase = Array.from({ length: columns }, (_, at) => {
    const ms = at * columnMs;
    return ms >= slowedAtMs && ms < restoredAtMs ? "▒" : " ";
  });
  const charts = curves.map((curve) => oneChart(result, curve, columns));
  return [...charts, `           ${phase.join("")}  ▒ MariaDB slow`].join("\n");
}

function oneChart({ samples }: RunResult, curve: Curve, columns: number): string {
  const highest = Array.from({ length: columns }, (_, column) => {
    const inside = samples.flatMap(({ atMs }, at) =>
      Math.floor(atMs / columnMs) === column ? [curve.values[at] ?? 0] : [],
    );
    return inside.length === 0 ? null : Math.max(...inside);
  });
  const top = Math.max(1, ...highest.map((value) => value ?? 0));
  const rows = Array.from({ length: height }, (_, row) => {
    const base = height - 1 - row;
    const cells = highest.map((value) => cellOf((((value ?? 0) / top) * height - base) * 8));
    const label = row === 0 ? String(Math.round(top)) : row === height - 1 ? "0" : "";
    return `${label.padStart(9)} ┤${cells.join("")}`;
  });
  return [`${curve.title} (${curve.unit.trim()})`, ...rows].join("\n");
}

function cellOf(eighths: number): string {
  return blocks[Math.max(0, Math.min(8, Math.round(eighths)))] ?? " ";
}
