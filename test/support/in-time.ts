/** Lets time and the order log go on while a test waits for something that waits for them. */
import { limits } from "../../src/domain/limits.ts";
import type { EmbeddedEngine } from "./embedded-engine.ts";

export async function inTime<T>(
  { clock, consume }: Pick<EmbeddedEngine, "clock" | "consume">,
  work: Promise<T>,
): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  for (;;) {
    for (let n = 0; n < 20; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    if (done) return work;
    clock.advance(limits.appendDeadlineMs);
    await consume();
  }
}
