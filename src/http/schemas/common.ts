/** The pieces that several requests and answers share: money, times, ids, pages. What the
 *  program checks and what the documentation says are the same schema. */
import { z } from "@hono/zod-openapi";
import { instant } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";

export const money = z
  .strictObject({
    amount: z.string().regex(/^(0|[1-9][0-9]{0,9})\.[0-9]{2}$/, 'must look like "199.00"'),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must look like "CNY" (ISO 4217)'),
  })
  .openapi("Money", { example: { amount: "199.00", currency: "CNY" } });

/** What the format allows and we don't: other zones, years before 1970, endless fractions. */
const timePattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]{1,9})?Z$";

const timeInRequest = z.iso
  .datetime('must be a time in UTC such as "2027-01-31T12:00:00Z"')
  .regex(
    new RegExp(timePattern),
    "must have a year from 1970 and at most 9 digits after the second",
  )
  .openapi({ format: "date-time" });

/** A time in a request, as an instant. */
export function time(example: string) {
  return timeInRequest.openapi({ example }).transform((text) => instant(Date.parse(text)));
}

/** A time in an answer. */
export const timeText = z.iso.datetime().openapi({ example: "2027-01-31T12:00:00.000Z" });

/** Text for people: no control characters, and as many characters as people would count, not
 *  UTF-16 units. */
export function displayText(maxLength: number) {
  return (
    z
      .string()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is what it is for
      .regex(/^[^\u0000-\u001f\u007f]+$/, "must be text without control characters, not empty")
      .refine((text) => text.isWellFormed(), "must be well-formed Unicode")
      .refine((text) => [...text].length <= maxLength, `must have at most ${maxLength} characters`)
      .openapi({ maxLength })
  );
}

export const productId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes or underscores")
  .openapi({ example: "tea-set" });

/** Ids are opaque: one that names nothing is answered 404, whatever it looks like. */
export const saleParams = z.object({
  id: z.string().openapi({ description: "The sale's id", example: "s1" }),
});

export const orderParams = z.object({
  id: z.string().openapi({
    description: "The order's id",
    example: "01KAQX7T5N0000001000100000",
  }),
});

export const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, `must be a whole number from 1 to ${limits.pageMax}`)
    .transform(Number)
    .refine((limit) => limit <= limits.pageMax, `must be at most ${limits.pageMax}`)
    .default(limits.pageDefault)
    .openapi({
      type: "integer",
      minimum: 1,
      maximum: limits.pageMax,
      default: limits.pageDefault,
      description: "How many items at most",
    }),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/, "must be the nextCursor of a page")
    .optional()
    .openapi({ description: "The nextCursor of the page before" }),
});

export function page<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().openapi({ description: "Null on the last page" }),
  });
}
