/** Runs a clean-up when the process ends before it was done itself, be it by Ctrl-C: a load
 *  generator must leave no server running and no data lying about. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof EXIT_CODES;
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];

/** Last in, first out; `cleanUp` must be synchronous. Returns what calls it off. */
export function atExit(cleanUp: () => void): () => void {
  const interrupted = (signal: Signal) => process.exit(EXIT_CODES[signal]);
  process.prependListener("exit", cleanUp);
  for (const signal of SIGNALS) process.on(signal, interrupted);
  return () => {
    process.off("exit", cleanUp);
    for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}
