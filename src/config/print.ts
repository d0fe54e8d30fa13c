/** The configuration in effect, as it may be shown: every field with its value and where it was
 *  set. */
import { fields } from "./fields.ts";
import { sourceOf, sourceText, valueAt, withValue } from "./layers.ts";
import type { LoadedConfig } from "./load.ts";
import { masked } from "./mask.ts";

export interface PrintedField {
  readonly field: string;
  /** Secrets masked. */
  readonly value: unknown;
  readonly source: string;
}

export function printedFields(loaded: LoadedConfig): PrintedField[] {
  return fields.map((field) => {
    const path = field.path.split(".");
    const value = masked(valueAt(loaded.settings, path), field.node);
    return { field: field.path, value, source: sourceText(sourceOf(loaded.layers, path)) };
  });
}

/** In the shape of a configuration file. */
export function printedConfig(printed: readonly PrintedField[]): Record<string, unknown> {
  return printed.reduce<Record<string, unknown>>(
    (tree, { field, value }) => withValue(tree, field.split("."), value),
    {},
  );
}
