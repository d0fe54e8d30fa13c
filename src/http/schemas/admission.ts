/** Limits that are no sale's own, and the lists of who may come, as operators read and write
 *  them. */
import { z } from "@hono/zod-openapi";
import { accessKinds, accessLists } from "../../domain/admission.ts";
import { limits } from "../../domain/limits.ts";
import { displayText, page, timeText } from "./common.ts";
import { rateFields } from "./sale.ts";

/** Not by reference: a reference that may be null is documented as an object that is null. */
function optional(who: string) {
  const description = `How often ${who} may ask; null: as often as wanted`;
  return z.strictObject(rateFields).nullable().openapi({ description });
}

const ip = optional("an address, or a network of 64 bits of IPv6,");
const buyer = optional("a buyer");
const global = optional("everybody together");

export const limitsAnswer = z
  .strictObject({
    ip,
    buyer,
    global,
    version: z.int().min(0).openapi({ description: "Grows with every change; also the ETag" }),
  })
  .openapi("AdmissionLimits");

/** What changes the limits: any of these. */
export const limitsChange = z
  .strictObject({ ip: ip.optional(), buyer: buyer.optional(), global: global.optional() })
  .refine((change) => Object.keys(change).length > 0, "must name at least one limit to change")
  .openapi("AdmissionLimitsChange", { minProperties: 1 });

const list = z.enum(accessLists);
const kind = z.enum(accessKinds);

export const listParams = z.object({
  list: list.openapi({ description: "Those who may not buy, or whom no limit of their own binds" }),
});

export const entryParams = listParams.extend({
  kind: kind.openapi({ description: "What the value is" }),
  value: z.string().openapi({
    description: "A buyer's id, or an address or network, its slash written as %2F",
    example: "203.0.113.0%2F24",
  }),
});

const note = displayText(limits.accessNoteMaxLength).nullable();

export const entryBody = z
  .strictObject({ note: note.default(null).openapi({ description: "For the next operator" }) })
  .openapi("NewAccessEntry");

export const accessEntry = z
  .strictObject({ list, kind, value: z.string(), note, createdAt: timeText })
  .openapi("AccessEntry");

export const accessPage = page(accessEntry).openapi("AccessPage");
