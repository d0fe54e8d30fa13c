// A sale that is sold out within a second, and a crowd that comes all the same: what it costs to
// say no to those who pass the limits.

import { buyOnce } from "./once.ts";
import { runOf } from "./run.ts";

const run = runOf("soldout", "attempt");

export const attempt = buyOnce(run);
export const { options, setup, teardown, handleSummary } = run;
