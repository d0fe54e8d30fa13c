/** Whether the keys of the identity provider can be read just now, and which of them are taken. */
import { type Finding, failing, fine, messageOf } from "../../lib/finding.ts";
import { parseJwks } from "./jwks.ts";
import { type JwksPlace, jwksReader } from "./read.ts";

const check = "public keys";
const help =
  "Until they are read once, tokens of the identity provider are answered 503: check auth.jwks.";

/** None where nobody's keys are believed. */
export async function jwksFindings(place: JwksPlace): Promise<Finding[]> {
  const read = jwksReader(place);
  if (read === null) return [];
  try {
    const names = parseJwks(await read()).map(({ algorithm, kid }) => `${algorithm} ${kid ?? "-"}`);
    return [fine(check, `${names.length} read (${names.join(", ")})`)];
  } catch (reason) {
    return [failing(check, messageOf(reason), help)];
  }
}
