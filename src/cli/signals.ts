/** What ends a server: a signal, politely; a second one or a broken invariant, at once. */
import { constants } from "node:os";
import type { Logger } from "../observability/logger.ts";

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A terminal's Ctrl+C comes twice through npm: from the terminal and from npm itself. */
const echoMs = 500;

/** Resolves with the first signal's name. A second one ends the process there and then. */
export function stopRequested(): Promise<string> {
  const first = Promise.withResolvers<string>();
  let firstAt: number | null = null;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > echoMs) process.exit(128 + constants.signals[signal]);
      first.resolve(signal);
    });
  }
  return first.promise;
}

/** Resolves when nobody holds the other end of standard input: the process that started this one
 *  is gone, however it ended. */
export async function stdinEnded(): Promise<string> {
  for await (const _ of Bun.stdin.stream());
  return "end of standard input";
}

/** A process that sells on a state it does not understand is worse than one that is down: what it
 *  had accepted is in the log, and the next start recovers it. */
export function stopTheProcessOnBrokenInvariants(log: Logger): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (reason: unknown) => {
      const err = reason instanceof Error ? reason : new Error(String(reason));
      log.fatal({ err }, "a broken invariant stops the process; start it again to recover");
      process.exit(1);
    });
  }
}
