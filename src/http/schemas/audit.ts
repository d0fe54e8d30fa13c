/** The audit of a sale. */
import { z } from "@hono/zod-openapi";
import { timeText } from "./common.ts";

const count = z.int().min(0);
/** What is left may be negative in the books of a sale that was oversold, which is what an audit
 *  is there to find. */
const balance = z.int();

export const auditAnswer = z
  .strictObject({
    ok: z.boolean().nullable().openapi({
      description: "Null while the numbers do not hold still, as under load: ask again",
    }),
    findings: z.array(z.string()),
    stock: count,
    remaining: balance,
    pending: count,
    inTransfer: balance,
    sold: count,
    placed: count,
    released: count,
    refused: count,
    orders: count,
    duplicates: count,
    overLimitBuyers: count,
    checkedAt: timeText,
  })
  .openapi("Audit");

export type AuditAnswer = z.output<typeof auditAnswer>;
