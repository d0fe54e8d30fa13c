// Half of what the sale takes, for ten minutes or for a night (SECONDS=28800): memory, lag and
// times must be at the end what they were at the beginning.

import { buyOnce } from "./once.ts";
import { runOf } from "./run.ts";

const run = runOf("soak", "attempt");

export const attempt = buyOnce(run);
export const { options, setup, teardown, handleSummary } = run;
