// Everything under test/fuzz for longer than `npm test` takes for it: `npm run fuzz -- --seconds N
// [--seed S] [--part NAME] [--all] [--services]`. N is for each test. A failure prints its seed;
// with that and the same part the same values come again. `--all` tries every byte of each file,
// however long that takes; `--services` includes the real broker.

import { join } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dir, "..");
const SERVICES = ".services.test.ts";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string" },
    part: { type: "string", default: "" },
    all: { type: "boolean", default: false },
    services: { type: "boolean", default: false },
  },
});

const seconds = wholeNumber("seconds", flags.seconds);
const seed = wholeNumber("seed", flags.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
const files = [...new Bun.Glob("test/fuzz/*.test.ts").scanSync({ cwd: ROOT })]
  .filter((path) => path.includes(flags.part))
  .filter((path) => flags.services || !path.endsWith(SERVICES))
  .sort()
  .map((path) => `./${path}`);
if (files.length === 0) usage(`--part is ${flags.part}, which no file under test/fuzz is named`);

console.log(`fuzz: seed ${seed}, ${seconds} s for each test`);
const child = Bun.spawn([process.execPath, "test", ...files], {
  cwd: ROOT,
  env: {
    ...process.env,
    DOORBUSTER_FUZZ_SEED: String(seed),
    DOORBUSTER_FUZZ_SECONDS: String(seconds),
    ...(flags.all ? { DOORBUSTER_FUZZ_ALL: "1" } : {}),
  },
  stdio: ["ignore", "inherit", "inherit"],
});
const exitCode = await child.exited;
const again = `npm run fuzz -- --seconds ${seconds} --seed ${seed}`;
console.log(exitCode === 0 ? "fuzz: nothing found" : `fuzz: failed; replay: ${again}`);
process.exit(exitCode);

function wholeNumber(name: string, text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : usage(`--${name} is ${text}, not a whole number`);
}

function usage(why: string): never {
  console.error(why);
  process.exit(2);
}
