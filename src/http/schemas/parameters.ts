/** Request headers, as the documentation shows them. The handlers read them by themselves, since
 *  a missing one has a problem of its own. */
import { limits } from "../../domain/limits.ts";

export const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description:
    `1 to ${limits.requestKeyMaxLength} printable ASCII characters, bare or in double quotes.` +
    " The same key again is a retry and gets the same answer; another request needs another key.",
  schema: { type: "string", pattern: "^[!#-~]([ !#-~]{0,253}[!#-~])?$" },
  example: "7f6c1f0e-2f4b-4a38-9c0f-1d2f3a4b5c6d",
} as const;

export const ifMatch = {
  name: "If-Match",
  in: "header",
  required: true,
  description: "The ETag of what the change is meant for; * for whatever it is now.",
  schema: { type: "string", pattern: '^(\\*|"[0-9]{1,15}")$' },
  example: '"1"',
} as const;
