/** The time, as an argument: the one way in which domain and use cases learn it. */
import type { Instant } from "../domain/ids.ts";

export interface Clock {
  /** Wall-clock time. */
  now(): Instant;
  /** Milliseconds since some moment, at an even pace whatever happens to the wall clock. */
  elapsed(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` after the current turn of the event loop. */
  soon(task: () => void): void;
}
