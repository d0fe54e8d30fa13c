import type { Edit } from "../support/patched-copy.ts";

/** A bug that somebody could have made: some text instead of other text, in one file. */
export interface Bug extends Edit {
  readonly name: string;
  readonly file: string;
  /** Further changes of the same file. */
  readonly also?: readonly Edit[];
}
