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
  const json = parseJson(text);
  if (!json.ok) return json;
  const quantity = parseQuantity(json.value);
  if (!quantity.ok) return quantity;
  const requestKey = readRequestKey(headers);
  if (!requestKey.ok) return requestKey;
  return ok({ quantity: quantity.value, requestKey: requestKey.value });
}

/** The right body is recognised at a glance; what is wrong with another one, the schema knows. */
export function parseQuantity(json: unknown): Result<Units, Response> {
  if (typeof json === "object" && json !== null && "quantity" in json) {
    const { quantity, ...others } = json;
    if (isQuantity(quantity) && isEmpty(others)) return ok(units(quantity));
  }
  const body = purchaseBody.safeParse(json);
  return body.success ? ok(units(body.data.quantity)) : err(invalidRequest(body.error.issues));
}

function isQuantity(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= limits.quantityMax;
}

function isEmpty(fields: object): boolean {
  for (const _ in fields) return false;
  return true;
}

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
