/** The one registry of problems a client can meet: code, HTTP status, title, and whether trying
 * again can help. */

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

export const problems = {
  "invalid-request": kind(400, "The request is not valid"),
  "idempotency-key-missing": kind(400, "The Idempotency-Key header is missing or malformed"),
  unauthenticated: kind(401, "A valid bearer token is required"),
  forbidden: kind(403, "The token does not allow this"),
  "access-denied": kind(403, "Purchases from here are not taken"),
  "not-found": kind(404, "There is nothing at this address"),
  "sale-not-found": kind(404, "There is no such sale"),
  "order-not-found": kind(404, "There is no such order"),
  "method-not-allowed": kind(405, "The method is not allowed here"),
  "sold-out": kind(409, "The sale is sold out"),
  "buyer-limit-reached": kind(409, "The buyer already has all the units the sale allows"),
  "sale-not-open": kind(409, "The sale is not open yet"),
  "sale-paused": kind(409, "The sale is paused"),
  "sale-ended": kind(409, "The sale has ended"),
  "invalid-transition": kind(409, "The sale's state does not allow this"),
  "version-conflict": kind(412, "The sale was changed by somebody else"),
  "body-too-large": kind(413, "The body is too large"),
  "unsupported-media-type": kind(415, "The body must be application/json"),
  "idempotency-key-reused": kind(422, "The Idempotency-Key was used with another body"),
  "access-list-full": kind(409, "The access lists are full"),
  "precondition-required": kind(428, "An If-Match header is required"),
  "rate-limited": kind(429, "Too many requests", true),
  internal: kind(500, "Something went wrong on our side"),
  "stock-unavailable": kind(503, "The stock cannot be reached just now", true),
  overloaded: kind(503, "Too many requests are waiting", true),
  "not-ready": kind(503, "The service is not ready", true),
  "service-unavailable": kind(503, "Something that is needed cannot be reached just now", true),
  "outcome-unknown": kind(503, "The outcome is not known; try again with the same key", true),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

function kind(status: number, title: string, retryable = false): ProblemKind {
  return { status, title, retryable };
}
