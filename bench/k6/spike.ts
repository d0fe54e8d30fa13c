// A calm sale that everybody comes to within a second, and leaves again: what the crowd costs those
// who were there before it, and whether the engine is itself again afterwards.

import { buyOnce } from "./once.ts";
import { runOf } from "./run.ts";

const run = runOf("spike", "attempt");

export const attempt = buyOnce(run);
export const { options, setup, teardown, handleSummary } = run;
