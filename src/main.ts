/** The program: hands the process to the command line, and the engine to `serve`. */
import { runCli } from "./cli/main.ts";
import type { World } from "./cli/world.ts";

const world: World = {
  env: process.env,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colours: process.stdout.isTTY === true && !process.env.NO_COLOR,
  exitCode: 0,
  compose: async (config, log) => {
    if (config.stores.kind === "embedded") {
      const { composeEmbedded } = await import("./compose/embedded.ts");
      return composeEmbedded(config, log);
    }
    const { composeClustered } = await import("./compose/clustered.ts");
    return composeClustered(config, log);
  },
  operate: async (config) => {
    const { operationsOn } = await import("./compose/operations.ts");
    return operationsOn(config);
  },
};

/** `doorbuster sale list | head -1`: whoever reads has read enough. */
process.stdout.on("error", (reason: NodeJS.ErrnoException) => {
  process.exit(reason.code === "EPIPE" ? 0 : 1);
});

const exitCode = await runCli(process.argv.slice(2), world);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

/** Resolves once everything written before has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}
