/** Layers of settings: later ones win, field by field, and each value remembers where it came from.
 *  */

export interface Source {
  readonly kind: "default" | "file" | "environment" | "flag";
  /** The file's path, the variable's name or the flag; empty for a default. */
  readonly name: string;
}

export interface Layer {
  readonly values: Record<string, unknown>;
  /** Where the value at a path was set. */
  sourceOf(path: readonly string[]): Source;
}

export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All layers in one tree. Groups are merged, lists replaced. */
export function mergeLayers(layers: readonly Layer[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>((sum, layer) => merge(sum, layer.values), {});
}

/** The uppermost layer's source for a path, or for the nearest group around it. */
export function sourceOf(layers: readonly Layer[], path: readonly string[]): Source {
  const layer = layers.findLast((candidate) => valueAt(candidate.values, path) !== undefined);
  return layer?.sourceOf(path) ?? { kind: "default", name: "" };
}

export function valueAt(tree: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  if (typeof tree !== "object" || tree === null || !Object.hasOwn(tree, key)) return undefined;
  return valueAt(Object.entries(tree).find(([name]) => name === key)?.[1], rest);
}

/** The tree with a value at a path; groups on the way are made. */
export function withValue(
  tree: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  return isGroup(nested) ? merge(tree, nested) : tree;
}

/** The tree without what is at a path. */
export function withoutPath(
  tree: Record<string, unknown>,
  path: readonly string[],
): Record<string, unknown> {
  const [first, ...rest] = path;
  const entries = Object.entries(tree).flatMap(([key, value]) => {
    if (key !== first) return [[key, value]];
    return isGroup(value) && rest.length > 0 ? [[key, withoutPath(value, rest)]] : [];
  });
  return Object.fromEntries(entries);
}

export function sourceText(source: Source): string {
  return source.kind === "default" ? "default" : `${source.kind} ${source.name}`;
}

function merge(
  below: Record<string, unknown>,
  above: Record<string, unknown>,
): Record<string, unknown> {
  const entries = Object.entries(above).map(([key, value]) => {
    const under = Object.hasOwn(below, key) ? below[key] : undefined;
    return [key, isGroup(under) && isGroup(value) ? merge(under, value) : value] as const;
  });
  return Object.fromEntries([...Object.entries(below), ...entries]);
}
