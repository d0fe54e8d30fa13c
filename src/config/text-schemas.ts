/** Settings that are text of a certain form. */
import { z } from "zod";

const secretMinBytes = 32;

export function secret(description: string) {
  return z
    .string()
    .refine((text) => Buffer.byteLength(text) >= secretMinBytes)
    .meta({
      secret: true,
      allowed: `text of at least ${secretMinBytes} bytes (\`openssl rand -base64 32\` makes one)`,
      description,
    });
}

export function pattern(format: RegExp, allowed: string) {
  return z.string().regex(format).meta({ allowed });
}

export function pem(isValid: (text: string) => boolean, what: string, description: string) {
  return z
    .string()
    .refine(isValid)
    .meta({ secret: true, allowed: `the text of ${what} in PEM`, description })
    .nullable()
    .default(null);
}
