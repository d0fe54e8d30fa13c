/** A rule that reads more than one setting. */
import { type Layer, sourceOf } from "./layers.ts";
import type { ConfigProblem } from "./problems.ts";
import type { Settings } from "./schema.ts";

export interface Rule {
  /** It is not asked while one of these is wrong by itself. */
  readonly reads: readonly string[];
  check(settings: Settings, layers: readonly Layer[]): ConfigProblem | null;
}

export function problem(
  field: string,
  value: string | null,
  layers: readonly Layer[],
  message: string,
): ConfigProblem {
  return { field, value, source: sourceOf(layers, field.split(".")), message };
}
