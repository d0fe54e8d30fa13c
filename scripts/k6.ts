// Loads the clustered engine with k6 and judges what came of it: `npm run k6 -- [SCENARIO]
// [--seconds 30] [--vus 1000] [--rate 3000] [--json]`. Three processes of the role api
// behind one address, the scripts of bench/k6, and afterwards the audit and the tables. Fails if a
// threshold broke, an answer was wrong, or accepted and persisted differ.

import { messageOf } from "../src/lib/finding.ts";
import { type K6Options, parseK6Options } from "./k6/options.ts";
import { findK6 } from "./k6/program.ts";
import { formatReport } from "./k6/report.ts";
import { runOnce } from "./k6/run.ts";
import { openStage } from "./k6/stage.ts";
import { verdictOf } from "./k6/verdict.ts";

const options = parseK6Options(process.argv.slice(2));
process.exit(await main(options));

async function main(chosen: K6Options): Promise<number> {
  try {
    return await loaded(chosen);
  } catch (error) {
    say(messageOf(error));
    return 1;
  }
}

async function loaded(chosen: K6Options): Promise<number> {
  const k6 = await findK6(say);
  const stage = await openStage(chosen).catch((reason: unknown) => {
    throw new Error(`${messageOf(reason)}; are the services up? npm run services -- up`);
  });
  try {
    say(`${chosen.workers} api processes behind ${stage.url}`);
    const run = await runOnce(k6, stage, chosen);
    const verdict = verdictOf(run.evidence);
    const { summary, audit } = run.evidence;
    const all = { ok: verdict.findings.length === 0, options: chosen, ...verdict, summary, audit };
    if (chosen.json) console.log(JSON.stringify({ ...all, usage: run.usage }, null, 2));
    else console.log(formatReport(chosen, run, verdict));
    return all.ok ? 0 : 1;
  } finally {
    await stage.close();
  }
}

function say(line: string): void {
  console.error(`k6: ${line}`);
}
