// Makes dist/doorbuster: one file with the program, its pages and its SQL, which needs no Node, no
// Bun and no folder beside it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { BunPlugin } from "bun";

const ROOT = join(import.meta.dir, "..");
const OUT = join(ROOT, "dist", "doorbuster");

/** The Kafka client's WebAssembly: as a rule it is read from a file beside its module, which the
 *  binary has not; its other entry carries it along. */
const carriedWasm: BunPlugin = {
  name: "carried WebAssembly",
  setup: (build) => {
    build.onResolve({ filter: /^@platformatic\/wasm-utils$/ }, () => {
      return { path: Bun.resolveSync("@platformatic/wasm-utils/bundled", ROOT) };
    });
  },
};

const result = await Bun.build({
  entrypoints: [join(ROOT, "src", "main.ts")],
  compile: { outfile: OUT },
  plugins: [carriedWasm],
  throw: false,
});
for (const log of result.logs) console.error(log);
if (!result.success) process.exit(1);
const megabytes = (await stat(OUT)).size / 1024 / 1024;
console.log(`dist/doorbuster, ${megabytes.toFixed(0)} MB: try \`dist/doorbuster serve --demo\``);
