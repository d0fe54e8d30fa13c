/** What is wrong with a request, field by field, in words for whoever wrote the client. */
import type { z } from "zod";
import { limits } from "../domain/limits.ts";
import { problem } from "./problem.ts";

export interface Fault {
  /** As in `price.amount`; empty for the body as a whole. */
  readonly field: string;
  readonly message: string;
}

export function invalidRequest(issues: readonly z.core.$ZodIssue[]): Response {
  return faultyRequest(issues.filter((issue) => !isRedundant(issue)).flatMap(faultsOf));
}

export function faultyRequest(faults: readonly Fault[]): Response {
  const [first] = faults;
  const what = first === undefined ? "the request is not valid" : sentence(first);
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const errors = faults.slice(0, limits.faultsMax);
  return problem("invalid-request", what + more, { fields: { errors } });
}

function sentence({ field, message }: Fault): string {
  return field === "" ? `the body ${message}` : `${field} ${message}`;
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const field = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: field === "" ? key : `${field}.${key}`,
      message: "is not a known field",
    }));
  }
  return [{ field, message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (!isZods(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return isMissing(issue) ? "is missing" : `must be ${named(issue.expected)}`;
    case "too_small":
      return bounded(issue.origin, "at least", issue.minimum);
    case "too_big":
      return bounded(issue.origin, "at most", issue.maximum);
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    default:
      return issue.message;
  }
}

/** Whether the message is the library's; else a schema says it better. */
function isZods(message: string): boolean {
  return /^(Invalid|Too|Unrecognized) /.test(message);
}

/** An issue doesn't carry the value it is about; its message does. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.message.endsWith("received undefined");
}

function named(type: string): string {
  if (type === "int") return "a whole number";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function bounded(origin: string, relation: string, bound: number | bigint): string {
  if (origin === "string") return `must have ${relation} ${bound} characters`;
  return `must be ${relation} ${bound}`;
}

/** An integer beyond what a double can count is also beyond the bound of its field, which says
 *  more. */
function isRedundant(issue: z.core.$ZodIssue): boolean {
  return (issue.code === "too_big" || issue.code === "too_small") && issue.origin === "int";
}
