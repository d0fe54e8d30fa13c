// What the sale's rate allows, no more: nearly everybody must get his order.

import { buyOnce } from "./once.ts";
import { runOf } from "./run.ts";

const run = runOf("steady", "attempt");

export const attempt = buyOnce(run);
export const { options, setup, teardown, handleSummary } = run;
