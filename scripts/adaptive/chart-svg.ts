// The curves as a picture: one panel each over a common axis of time.

import type { Curve } from "./curves.ts";
import type { RunResult } from "./run.ts";

const [width, panelHeight, gap, left, right, above] = [900, 150, 46, 70, 20, 50];

export function svgChart(result: RunResult, curves: readonly Curve[], title: string): string {
  const height = above + curves.length * (panelHeight + gap) + 10;
  const panels = curves.map((curve, at) => panel(result, curve, above + at * (panelHeight + gap)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${title}</title>`,
    "<style>text{font:12px sans-serif;fill:#333}.t{font-weight:bold}</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text class="t" x="${left}" y="24">${title}</text>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function panel(result: RunResult, curve: Curve, top: number): string {
  const { samples, slowedAtMs, restoredAtMs } = result;
  const endMs = samples.at(-1)?.atMs ?? 1;
  const most = 1.08 * Math.max(1, curve.mark?.at ?? 0, ...curve.values.map((value) => value ?? 0));
  const x = (ms: number) => fixed(left + (ms / endMs) * (width - left - right));
  const y = (value: number) => fixed(top + panelHeight - (value / most) * panelHeight);
  const points = samples.map(({ atMs }, at) => `${x(atMs)},${y(curve.values[at] ?? 0)}`);
  const ticks = Array.from({ length: Math.floor(endMs / 5_000) + 1 }, (_, at) => at * 5_000);
  const [floor, peak] = [top + panelHeight, Math.max(...curve.values.map((value) => value ?? 0))];
  const slow = `x="${x(slowedAtMs)}" width="${fixed(x(restoredAtMs) - x(slowedAtMs))}"`;
  return [
    `<rect ${slow} y="${top}" height="${panelHeight}" fill="#fde8d8"/>`,
    `<text x="${left}" y="${top - 6}">${curve.title}, highest ` +
      `${Math.round(peak)}${curve.unit}</text>`,
    line(left, floor, width - right, floor, "#999"),
    ...ticks.map((ms) => label(x(ms), floor + 15, `${ms / 1_000} s`, "middle")),
    ...(curve.mark ? [markLine(curve.mark, y(curve.mark.at))] : []),
    `<polyline fill="none" stroke="#1f5fa8" stroke-width="1.5" points="${points.join(" ")}"/>`,
  ].join("\n");
}

function markLine({ name }: { readonly name: string }, y: number): string {
  const across = line(left, y, width - right, y, "#b33", ' stroke-dasharray="4 3"');
  return `${across}\n${label(left - 6, y + 4, name, "end")}`;
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, more = ""): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"${more}/>`;
}

function label(x: number, y: number, text: string, anchor: "middle" | "end"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

const fixed = (value: number) => Math.round(value * 10) / 10;
