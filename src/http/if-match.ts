/** If-Match (RFC 9110, 13.1.1): which versions of a thing a change is meant for. */
import { err, ok, type Result } from "../lib/result.ts";
import { faultyRequest } from "./faults.ts";
import { problem } from "./problem.ts";

/** What is to be changed, as clients know it. */
export interface Versioned {
  /** As in "sale s1". */
  readonly name: string;
  readonly version: number;
}

/** The version to change: null for whatever it is now, since the header says `*`. */
export function versionToChange(
  header: string | null,
  thing: Versioned,
): Result<number | null, Response> {
  if (header === null) return err(problem("precondition-required", missing));
  if (header.trim() === "*") return ok(null);
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => entityTagForm.test(tag))) {
    return err(faultyRequest([{ field: "If-Match", message: 'must look like "1"' }]));
  }
  if (tags.includes(entityTag(thing))) return ok(thing.version);
  return err(versionConflict(thing));
}

export function entityTag({ version }: Pick<Versioned, "version">): string {
  return `"${version}"`;
}

/** A weak tag is well-formed, too, but matches nothing here: the comparison is the strong one. */
const entityTagForm = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

const missing =
  "send the ETag of what you read as If-Match, so that nobody's change is overwritten";

export function versionConflict({ name, version }: Versioned): Response {
  const now = `${name} is at version ${version}`;
  return problem("version-conflict", `${now}; read it again and repeat the change`);
}
