/** What a purchase asks for: the body and the `Idempotency-Key`. */
import { z } from "@hono/zod-openapi";
import { type RequestKey, type Units, units } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { parseRequestKey, type RequestKeyError } from "../domain/request-key.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { invalidRequest } from "./faults.ts";
import { parseJson } from "./json-body.ts";
import { problem } from "./problem.ts";

export interface PurchaseRequest {
  readonly quantity: Units;
  readonly requestKey: RequestKey;
}

export const purchaseBody = z.strictObject({
  quantity: z.int().min(1).max(limits.quantityMax),
});

/** Reads the text of a body. */
export function parsePurchase(text: string, headers: Headers): Result<PurchaseRequest, Response> {
  const quantity = readQuantity(text);
  if (!quantity.ok) return quantity;
  const requestKey = readRequestKey(headers);
  if (!requestKey.ok) return requestKey;
  return ok({ quantity: quantity.value, requestKey: requestKey.value });
}

/** As nearly everybody writes it, it is recognised at a glance; what else is right, and what is
 *  wrong with the rest, the schema knows. */
export function readQuantity(text: string): Result<Units, Response> {
  const plain = Number(plainBody.exec(text)?.[1] ?? 0);
  if (plain > 0 && plain <= limits.quantityMax) return ok(units(plain));
  const json = parseJson(text);
  if (!json.ok) return json;
  const body = purchaseBody.safeParse(json.value);
  return body.success ? ok(units(body.data.quantity)) : err(invalidRequest(body.error.issues));
}

const plainBody = /^\{[ \t\r\n]*"quantity"[ \t\r\n]*:[ \t\r\n]*([1-9]\d{0,8})[ \t\r\n]*\}$/;

/** The `Idempotency-Key` of a request, which must have one. */
export function readRequestKey(headers: Headers): Result<RequestKey, Response> {
  const key = parseRequestKey(headers.get("idempotency-key"));
  return key.ok ? key : err(problem("idempotency-key-missing", keyTexts[key.error]));
}

const keyMax = limits.requestKeyMaxLength;

const keyTexts: Record<RequestKeyError, string> = {
  missing: "send an Idempotency-Key header with a new value for every order, the same for a retry",
  malformed: `Idempotency-Key must be 1 to ${keyMax} printable ASCII characters`,
};
