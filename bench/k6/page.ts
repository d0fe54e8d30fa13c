// The summary of a run as a page that needs nothing else.

import type { ScenarioName } from "./scenarios.ts";
import { type K6Summary, outcomesIn } from "./summary.ts";

export function pageOf(name: ScenarioName, summary: K6Summary): string {
  const { sent, seconds, dropped, accepted, reserved, persisted, crossed } = summary;
  const facts = [
    ["purchases sent", count(sent)],
    ["per second", count(seconds > 0 ? sent / seconds : 0)],
    ["never begun", count(dropped)],
    ["orders acknowledged", count(accepted + reserved)],
    ...(persisted === null ? [] : [["orders persisted", count(persisted)]]),
  ];
  const verdict =
    crossed.length === 0
      ? "<p class=ok>Every threshold held.</p>"
      : `<ul class=bad>${crossed.map((one) => `<li>${escaped(one)}</li>`).join("")}</ul>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<style>${style}</style>
<h1>${name}</h1>
${verdict}
<dl>${facts.map(([what, value]) => `<div><dt>${what}<dd>${value}</div>`).join("")}</dl>
<table>
<tr><th>answer<th>purchases<th>share<th>p50 ms<th>p95 ms<th>p99 ms
${rowsOf(summary)}
</table>
`;
}

function rowsOf(summary: K6Summary): string {
  return outcomesIn(summary)
    .map(({ outcome, count: many, share, p50Ms, p95Ms, p99Ms }) => {
      const bar = `<i style="width:${share}%"></i>${share} %`;
      const times = [p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(1));
      return `<tr><td>${[outcome, count(many), bar, ...times].join("<td>")}`;
    })
    .join("\n");
}

/** k6's interpreter knows no locales. */
function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const style = `
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}
dl{display:flex;flex-wrap:wrap;gap:2rem}dt{color:#666}dd{margin:0;font-size:1.6rem}
table{border-collapse:collapse;width:100%}
td,th{padding:.4rem;text-align:right;border-top:1px solid #ddd}
td:first-child,th:first-child{text-align:left}td:nth-child(3){min-width:10rem}
i{display:inline-block;height:.7rem;margin-right:.5rem;background:#d2372c;max-width:6rem}
.ok{color:#14713d}.bad{color:#b3261e}`;
