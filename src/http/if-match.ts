/** If-Match (RFC 9110, 13.1.1): which versions of a sale a change is meant for. */
import type { Sale } from "../domain/sale.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { faultyRequest } from "./faults.ts";
import { problem } from "./problem.ts";
import { entityTag } from "./sale-view.ts";

/** The version to change: null for whatever it is now, since the header says `*`. */
export function versionToChange(
  header: string | null,
  sale: Sale,
): Result<number | null, Response> {
  if (header === null) return err(problem("precondition-required", missing));
  if (header.trim() === "*") return ok(null);
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => entityTagForm.test(tag))) {
    return err(faultyRequest([{ field: "If-Match", message: 'must look like "1"' }]));
  }
  if (tags.includes(entityTag(sale))) return ok(sale.version);
  return err(problem("version-conflict", conflict(sale)));
}

/** A weak tag is well-formed, too, but matches nothing here: the comparison is the strong one. */
const entityTagForm = /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

const missing = "send the sale's ETag as If-Match, so that nobody else's change is overwritten";

function conflict(sale: Sale): string {
  return `sale ${sale.id} is at version ${sale.version}; read it again and repeat the change`;
}
