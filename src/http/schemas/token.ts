/** Development tokens. */
import { z } from "@hono/zod-openapi";
import { limits } from "../../domain/limits.ts";
import { timeText } from "./common.ts";

export const tokenRequest = z
  .strictObject({
    sub: z
      .string()
      .regex(
        new RegExp(`^[\\x21-\\x7e]{1,${limits.buyerIdMaxLength}}$`),
        `must be 1 to ${limits.buyerIdMaxLength} printable ASCII characters without spaces`,
      ),
    scope: z.enum(["buy", "admin"]),
  })
  .openapi("TokenRequest", { example: { sub: "buyer-1", scope: "buy" } });

export const tokenAnswer = z
  .strictObject({ token: z.string(), expiresAt: timeText })
  .openapi("Token");
