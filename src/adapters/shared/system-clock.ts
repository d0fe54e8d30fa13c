/** The machine's clock. */
import { instant } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";

export const systemClock: Clock = {
  now: () => instant(Date.now()),
  elapsed: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (task) => void setImmediate(task),
};
