/** The answer to a sale id that names no sale. It doesn't repeat the text, which may be
 *  anything. */
import { problem } from "./problem.ts";

export function noSuchSale(): Response {
  return problem("sale-not-found", "no sale has this id");
}
