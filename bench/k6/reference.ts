// The reference scenario: up to 1,000 virtual users send 3,000 purchases per second, after a rise
// of 5 s, to a sale that takes 1,000 per second. A third of the crowd gets through the door.

import { buyOnce } from "./once.ts";
import { runOf } from "./run.ts";

const run = runOf("reference", "attempt");

export const attempt = buyOnce(run);
export const { options, setup, teardown, handleSummary } = run;
