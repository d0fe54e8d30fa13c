/** Secrets that a configuration file leaves to other files: `passwordFile: PATH` says where
 *  `password` is. */
import { type Field, fields } from "./fields.ts";
import { valueAt, withoutPath, withValue } from "./layers.ts";
import type { ConfigProblem } from "./problems.ts";
import { parseText } from "./text-values.ts";
import { whyUnreadable } from "./why-unreadable.ts";

interface Filled {
  readonly values: Record<string, unknown>;
  /** Of settings whose value is not known. */
  readonly problems: readonly ConfigProblem[];
}

type Complaint = Pick<ConfigProblem, "value" | "message">;

/** `name` is the configuration file's. */
export function withSecretFiles(
  values: Record<string, unknown>,
  name: string,
  readFile: (path: string) => string,
): Filled {
  const problems: ConfigProblem[] = [];
  let filled = values;
  for (const field of fields.filter(({ secret }) => secret)) {
    const at = `${field.path}File`.split(".");
    const path = valueAt(filled, at);
    if (path === undefined) continue;
    filled = withoutPath(filled, at);
    const content = contentOf(field, path, filled, readFile);
    if (typeof content === "string") {
      filled = withValue(filled, field.path.split("."), parseText(content, field));
    } else {
      problems.push({ field: at.join("."), source: { kind: "file", name }, ...content });
    }
  }
  return { values: filled, problems };
}

function contentOf(
  field: Field,
  path: unknown,
  values: Record<string, unknown>,
  readFile: (path: string) => string,
): string | Complaint {
  if (typeof path !== "string") return { value: null, message: "must be the path of a file" };
  const beside = valueAt(values, field.path.split("."));
  if (beside !== undefined && beside !== null) {
    return { value: null, message: `and ${field.path} are both set; keep one of them` };
  }
  try {
    return readFile(path).trimEnd();
  } catch (reason) {
    const message = `must name a file that can be read: ${whyUnreadable(reason)}`;
    return { value: null, message };
  }
}
