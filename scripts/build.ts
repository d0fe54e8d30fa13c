// Makes dist/doorbuster: one file with the program, its pages and its SQL, which needs no Node, no
// Bun and no folder beside it.

import { stat } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const OUT = join(ROOT, "dist", "doorbuster");

const result = await Bun.build({
  entrypoints: [join(ROOT, "src", "main.ts")],
  compile: { outfile: OUT },
  throw: false,
});
for (const log of result.logs) console.error(log);
if (!result.success) process.exit(1);
const megabytes = (await stat(OUT)).size / 1024 / 1024;
console.log(`dist/doorbuster, ${megabytes.toFixed(0)} MB: try \`dist/doorbuster serve --demo\``);
