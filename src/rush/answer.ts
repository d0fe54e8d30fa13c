/** What a purchase's answer means to a buyer: an order, a refusal, a reason to try again, or
 *  something no client of the API should ever get. */
import { bodyText, type HttpResponse, headerOf } from "./response.ts";

export interface OrderReceipt {
  readonly orderId: string;
  readonly quantity: number;
  readonly status: string;
  readonly acceptedAt: string;
}

export type Answer =
  | { readonly kind: "ordered"; readonly receipt: OrderReceipt }
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "again"; readonly code: string; readonly afterMs: number }
  | { readonly kind: "unexpected"; readonly code: string };

/** A 503 without Retry-After: soon, but not at once. */
const RETRY_UNKNOWN_MS = 200;

export function readAnswer(response: HttpResponse): Answer {
  const body = parseBody(response);
  const { status } = response;
  if (status === 202) return readReceipt(body);
  const code = problemCode(body) ?? String(status);
  if (status === 429 || status === 503) return { kind: "again", code, afterMs: waitOf(response) };
  if (status === 409) return { kind: "refused", code };
  return { kind: "unexpected", code: `${status} ${code}` };
}

/** The last part of an RFC 9457 `type`, as in `/problems/sold-out`. */
function problemCode(body: Record<string, unknown>): string | undefined {
  return typeof body.type === "string" ? body.type.split("/").at(-1) : undefined;
}

function readReceipt(body: Record<string, unknown>): Answer {
  const { id, quantity, status, acceptedAt } = body;
  if (
    typeof id !== "string" ||
    typeof quantity !== "number" ||
    typeof status !== "string" ||
    typeof acceptedAt !== "string"
  ) {
    return { kind: "unexpected", code: "202 without an order" };
  }
  return { kind: "ordered", receipt: { orderId: id, quantity, status, acceptedAt } };
}

function waitOf(response: HttpResponse): number {
  const seconds = Number(headerOf(response, "retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : RETRY_UNKNOWN_MS;
}

function parseBody(response: HttpResponse): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(bodyText(response));
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
