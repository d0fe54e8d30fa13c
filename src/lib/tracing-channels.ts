/** Clients of services ask whether anybody listens to their traces before they gather what to tell.
 *  Bun lacks that question, and goes through with every trace (oven-sh/bun#27805); a client then
 *  writes out each command for nobody. As in Node since 22.0: nobody listens, nothing is traced. */
import { tracingChannel } from "node:diagnostics_channel";

interface Channels {
  readonly start: Listened;
  readonly end: Listened;
  readonly asyncStart: Listened;
  readonly asyncEnd: Listened;
  readonly error: Listened;
}

interface Listened {
  readonly hasSubscribers: boolean;
}

type Traced = (...args: unknown[]) => unknown;

/** Does nothing where there is nothing to mend. */
export function mendTracingChannels(): void {
  const prototype = Object.getPrototypeOf(tracingChannel("doorbuster")) as Record<string, Traced>;
  if ("hasSubscribers" in prototype) return;
  Object.defineProperty(prototype, "hasSubscribers", {
    configurable: true,
    get(this: Channels) {
      const { start, end, asyncStart, asyncEnd, error } = this;
      return [start, end, asyncStart, asyncEnd, error].some((one) => one.hasSubscribers);
    },
  });
  // Before the function's arguments stand the function, its context, and what it is called on; and
  // for callbacks the place of the callback.
  skipUnheard(prototype, "traceSync", 3);
  skipUnheard(prototype, "tracePromise", 3);
  skipUnheard(prototype, "traceCallback", 4);
}

function skipUnheard(prototype: Record<string, Traced>, name: string, firstArgument: number) {
  const trace = prototype[name];
  if (trace === undefined) return;
  prototype[name] = function traced(this: Listened, ...args: unknown[]) {
    if (this.hasSubscribers) return trace.apply(this, args);
    const [run] = args as [Traced];
    return run.apply(args[firstArgument - 1], args.slice(firstArgument));
  };
}
