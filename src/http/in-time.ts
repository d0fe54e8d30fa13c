/** Gives up on a store that takes longer than a client waits. */
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import { ServiceUnavailable } from "../ports/service-unavailable.ts";

export function inTime<T>(clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limits.answerDeadlineMs, () => {
      reject(new ServiceUnavailable("a store did not answer in time"));
    });
    work.then(resolve, reject).finally(cancel);
  });
}
