/** What the probes answer. */
import { z } from "@hono/zod-openapi";

export const healthAnswer = z.strictObject({ status: z.enum(["ok", "ready"]) }).openapi("Health");
