import type { Edit } from "../support/patched-copy.ts";

/** A deliberate bug, one line long, and the test that must catch it. */
export interface Mutation extends Edit {
  /** The promise that the bug breaks. */
  readonly promise: string;
  readonly file: string;
  readonly test: string;
  /** A part of the test's name. */
  readonly name: string;
}
