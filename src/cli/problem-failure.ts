/** A refusal of the server (RFC 9457 problem+json) in words: title, detail, the fields at fault,
 *  and what to do. */
import { z } from "zod";
import { CliFailure } from "./failure.ts";
import { printable } from "./table.ts";

const problemSchema = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.looseObject({})).optional(),
});

type Problem = z.output<typeof problemSchema>;

export function problemFailure(response: Response, body: unknown, url: string): CliFailure {
  const parsed = problemSchema.safeParse(body);
  const problem: Problem = parsed.success ? parsed.data : {};
  return new CliFailure({
    code: problem.type?.replace(/^.*\//, "") ?? `http-${response.status}`,
    message: messageOf(problem, `${url} answered ${response.status}`),
    help: helpFor(response),
    details: { status: response.status, problem: parsed.success ? body : null },
  });
}

/** The detail often names the first field at fault already. */
function messageOf({ title, detail = "", errors = [] }: Problem, fallback: string): string {
  const head = (title ?? fallback) + (detail === "" ? "" : `: ${detail}`);
  const faults = errors.map(faultText).filter((fault) => !detail.includes(fault));
  return [head, ...faults].map(printable).join("\n  ");
}

/** One entry of `errors`: the field and what is wrong with it. */
function faultText(fault: Readonly<Record<string, unknown>>): string {
  const { field, message } = fault;
  if (typeof message !== "string") return JSON.stringify(fault);
  return typeof field === "string" && field !== "" ? `${field} ${message}` : message;
}

function helpFor(response: Response): string | undefined {
  const retryAfter = response.headers.get("retry-after");
  if (retryAfter !== null) return `Try again after ${retryAfter} s.`;
  return helpByStatus[response.status];
}

const helpByStatus: Readonly<Record<number, string>> = {
  401:
    "Give a token with --token or DOORBUSTER_TOKEN, or the server's signing secret in the\n" +
    "configuration (auth.secret), so that one can be signed here.",
  403: "This needs a token with the scope `admin`: `doorbuster token --sub me --scope admin`.",
};
