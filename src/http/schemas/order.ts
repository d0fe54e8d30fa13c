/** Orders as clients read them: as they are accepted, and as they stand. */
import { z } from "@hono/zod-openapi";
import { purchaseBody } from "../purchase-request.ts";
import { page, timeText } from "./common.ts";

export const newOrder = purchaseBody.openapi("NewOrder", { example: { quantity: 1 } });

export const acceptedOrder = z
  .strictObject({
    id: z.string(),
    saleId: z.string(),
    quantity: z.int().min(1),
    status: z.enum(["accepted", "reserved"]).openapi({
      description: "accepted: in the order log, for good. reserved: the log has not answered yet",
    }),
    acceptedAt: timeText,
  })
  .openapi("AcceptedOrder");

export const orderAnswer = z
  .strictObject({
    id: z.string(),
    saleId: z.string(),
    buyerId: z.string().nullable().openapi({ description: "Null if the reservation was lost" }),
    quantity: z.int().min(1).nullable().openapi({ description: "As buyerId" }),
    status: z.enum(["reserved", "placed", "refused"]),
    acceptedAt: timeText,
    placedAt: timeText.nullable().openapi({ description: "When the ledger decided" }),
    reason: z
      .enum(["no-room", "buyer-limit", "duplicate-request-key", "reservation-lost", "poison"])
      .optional()
      .openapi({ description: "Why it was refused" }),
  })
  .openapi("Order");

export const orderPage = page(orderAnswer).openapi("OrderPage");

export type OrderAnswer = z.output<typeof orderAnswer>;
