import type { Edit } from "../support/patched-copy.ts";

/** A bug that somebody could have made: some text instead of other text, in one file. */
export interface Bug extends Edit {
  readonly name: string;
  readonly file: string;
  /** It was there until the simulator found it. */
  readonly wasThere?: true;
  /** Further changes of the same file. */
  readonly also?: readonly Edit[];
}
