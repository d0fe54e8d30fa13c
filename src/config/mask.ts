/** Hides secrets in anything that is shown: what the schema calls a secret, and what does not fit
 *  the schema where a secret is expected. */
import { isNode, isSecret, plain, type SchemaNode } from "./fields.ts";
import { isGroup } from "./layers.ts";

export const mask = "********";

/** A copy of the value in which every secret is masked; null, "not set", stays visible. */
export function masked(value: unknown, schema: SchemaNode): unknown {
  const node = plain(schema);
  if (value === null || value === undefined) return value;
  if (!isSecret(node))
    return Array.isArray(value) ? value.map(withoutGroups) : withoutGroups(value);
  const items = node.items;
  if (isNode(items) && Array.isArray(value)) return value.map((item) => masked(item, items));
  if (node.properties !== undefined && isGroup(value)) return maskedGroup(value, node);
  return mask;
}

/** A group that stands where a value should is there by a wrong indentation, and may hold
 * secrets. */
function withoutGroups(value: unknown): unknown {
  if (Array.isArray(value)) return mask;
  if (!isGroup(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, mask]));
}

function maskedGroup(value: Record<string, unknown>, node: SchemaNode): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const child = node.properties?.[key];
      return [key, isNode(child) ? masked(inner, child) : mask];
    }),
  );
}
