/** The request key: what a client sends as `Idempotency-Key`, bare or as a quoted string
 * (draft-ietf-httpapi- idempotency-key-header), 1 to 255 printable ASCII characters. */
import { err, ok, type Result } from "../lib/result.ts";
import type { RequestKey } from "./ids.ts";
import { limits } from "./limits.ts";

export type RequestKeyError = "missing" | "malformed";

export function parseRequestKey(header: string | null): Result<RequestKey, RequestKeyError> {
  if (header === null) return err("missing");
  const quoted = header.length >= 2 && header.startsWith('"') && header.endsWith('"');
  const key = quoted ? header.slice(1, -1) : header;
  if (key.length === 0) return err("missing");
  if (key.length > limits.requestKeyMaxLength || !printable.test(key)) return err("malformed");
  return ok(key as RequestKey);
}

/** What a purchase asks for, in one short string: two bodies that mean the same have the same
 * one. */
export function fingerprintOf(body: { readonly quantity: number }): string {
  return `q${body.quantity}`;
}

/** Whether a text can be what `fingerprintOf` gives, now or in a later version. */
export function isFingerprint(text: string): boolean {
  return text.length <= limits.fingerprintMaxLength && /^[\x21-\x7e]+$/.test(text);
}

const printable = /^[\x20-\x7e]+$/;
