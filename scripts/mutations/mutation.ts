/** A deliberate bug, one line long, and the test that must catch it. */
export interface Mutation {
  /** The promise that the bug breaks. */
  readonly promise: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  /** A part of the test's name. */
  readonly name: string;
}
