/** Messages of the order log that could not be handled. */
import { z } from "@hono/zod-openapi";
import { timeText } from "./common.ts";

export const deadLetter = z
  .strictObject({
    id: z.string(),
    partition: z.int().min(0),
    offset: z.int().min(0),
    reason: z.string(),
    raw: z.string().openapi({ description: "The message as it was written" }),
    buriedAt: timeText,
  })
  .openapi("DeadLetter");

export const deadLetterPage = z.strictObject({ items: z.array(deadLetter) });

export const replayAnswer = z.strictObject({ id: z.string(), replayed: z.literal(true) });
