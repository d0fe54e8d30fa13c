/** Shows that the tests can fail: applies each deliberate bug of the table to a copy of the source,
 *  runs the one test that is to catch it, and expects red. Every named test must be green before.
 *  `bun scripts/mutations.ts [--services] [--only PART-OF-A-PROMISE]`: with `--services` the bugs
 *  of what talks to real services, which must run. */
import { join } from "node:path";
import type { Mutation } from "./mutations/mutation.ts";
import { ofServices } from "./mutations/services.ts";
import { mutations } from "./mutations/table.ts";
import { edited, inCopy } from "./support/patched-copy.ts";

const withServices = process.argv.includes("--services");
/** Brokers of tests' own take their share of the machine. */
const atOnce = withServices ? 1 : 2;
/** Past the tests' own, after which they stop their servers. */
const testTimeoutMs = withServices ? 180_000 : 60_000;

type Verdict = "caught" | "SURVIVED" | "not found once" | "test not green";

const only = process.argv.indexOf("--only");
const wanted = only < 0 ? "" : (process.argv[only + 1] ?? "");
const table = withServices ? ofServices : mutations;
const chosen = table.filter((mutation) => mutation.promise.includes(wanted));
const verdicts = await inParallel(chosen, judge);
chosen.forEach((mutation, at) => {
  console.log(`${(verdicts[at] ?? "").padEnd(15)} ${mutation.promise}`);
  console.log(`${" ".repeat(16)}${mutation.file} → ${mutation.test} "${mutation.name}"`);
});
const caught = verdicts.filter((verdict) => verdict === "caught").length;
console.log(`${caught} caught, ${chosen.length - caught} not`);
process.exit(chosen.length > 0 && caught === chosen.length ? 0 : 1);

function judge(mutation: Mutation): Promise<Verdict> {
  return inCopy(async (copy) => {
    if ((await run(copy, mutation)) !== "green") return "test not green";
    if (!edited(join(copy, mutation.file), mutation)) return "not found once";
    return (await run(copy, mutation)) === "red" ? "caught" : "SURVIVED";
  });
}

/** `none` if no test has that name. A test that does not end has noticed the bug, too. */
async function run(cwd: string, { test, name }: Mutation): Promise<"green" | "red" | "none"> {
  const pattern = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const command = [process.execPath, "test", `./${test}`, "-t", pattern];
  const options = { stdout: "ignore", stderr: "pipe", timeout: testTimeoutMs } as const;
  const child = Bun.spawn(command, { cwd, ...options });
  const said = await new Response(child.stderr).text();
  const exitCode = await child.exited;
  if (!/^ *[1-9]\d* pass$/m.test(said) && exitCode === 0) return "none";
  return exitCode === 0 ? "green" : "red";
}

async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>) {
  const results: Out[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let at = next++; at < items.length; at = next++) {
      results[at] = await work(items[at] as In);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
