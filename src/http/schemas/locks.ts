/** Who holds which lock, and who waits for it. */
import { z } from "@hono/zod-openapi";

const entry = z.strictObject({
  token: z.int().min(1).openapi({ description: "The fencing token it has, or will have" }),
  holder: z.string().openapi({ description: "The process" }),
  leaseId: z.string().openapi({ description: "The lease, as etcdctl prints it" }),
  uuid: z.string(),
  about: z.string().openapi({ description: "The product, where there is one" }),
});

export const lock = z
  .strictObject({
    name: z.string(),
    queue: z.array(entry).openapi({ description: "The first holds it, the others wait" }),
  })
  .openapi("Lock");

export const lockList = z.strictObject({ items: z.array(lock) });
