/** Settings of who is believed: keys of our own, keys that somebody else publishes, and which
 * claims say what. */
import { z } from "zod";
import { isCertificate } from "./pem.ts";
import { pattern, pem, secret } from "./text-schemas.ts";

const name = pattern(/^[\x21-\x7e]{1,200}$/, "1 to 200 printable characters without spaces");

const signingKey = z.strictObject({
  kid: pattern(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, dots, dashes or underscores"),
  secret: secret("Signs and verifies the tokens that name this key."),
});

const jwks = z.strictObject({
  url: pattern(/^https?:\/\/[^\s@]+$/, "https://host/path; http:// on loopback only")
    .nullable()
    .default(null)
    .describe(
      "Where the shop's identity provider publishes its keys (a JWKS, RFC 7517). Tokens signed " +
        "by them with RS256, ES256 or EdDSA are taken besides those of `auth.keys`. Null: nowhere.",
    ),
  file: pattern(/^[^\0]+$/, "a path")
    .nullable()
    .default(null)
    .describe("The same from a file, which is read again as often as the URL would be."),
  ca: pem(
    isCertificate,
    "certificates",
    "Certificates of the authorities that may sign the URL's; null: those of the system.",
  ),
  refreshSeconds: z
    .int()
    .min(5)
    .max(86_400)
    .default(300)
    .describe(
      "How often the keys are read again. A key that is not among them any more is no good from " +
        "then on, nor is a token that was taken before.",
    ),
});

const claimName = pattern(
  /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
  "a claim's name, or a path such as /realm_access/roles to one inside others",
);

const claims = z.strictObject({
  buyerId: claimName.default("sub").describe("The claim that says who somebody is."),
  buy: z
    .strictObject({
      claim: claimName.default("scope").describe("The claim that says who may buy."),
      value: name
        .nullable()
        .default("buy")
        .describe(
          "The word that has to be in it: in a text with spaces, or in a list. Null: whoever has " +
            "a good token may buy.",
        ),
    })
    .prefault({}),
  admin: z
    .strictObject({
      claim: claimName.default("scope").describe("The claim that says who is an administrator."),
      value: name.default("admin").describe("The word that has to be in it."),
    })
    .prefault({}),
});

export const auth = z.strictObject({
  issuer: name
    .nullable()
    .default("doorbuster")
    .describe("The `iss` that every token must carry; null: it is not looked at."),
  audience: name
    .nullable()
    .default("doorbuster")
    .describe("The `aud` that every token must carry; null: it is not looked at."),
  secret: secret("The one signing secret (HS256): short for `auth.keys` with one key `default`.")
    .nullable()
    .default(null),
  keys: z
    .array(signingKey)
    .default([])
    .describe(
      "Signing keys, for rotation: a list of `{kid, secret}`. The first one signs, all of them " +
        "verify. Without `auth.keys`, `auth.secret` and `auth.jwks` a public development secret " +
        "is used, on loopback only.",
    ),
  jwks: jwks.prefault({}),
  claims: claims.prefault({}),
  leewaySeconds: z
    .int()
    .min(0)
    .max(300)
    .default(0)
    .describe(
      "How far the clock of whoever issues tokens may be ahead of ours: a token is taken this " +
        "long before its `nbf`. Its `exp` is kept to the second.",
    ),
  devTokens: z
    .boolean()
    .nullable()
    .default(null)
    .describe(
      "Whether `POST /v1/dev/tokens` hands a token to anyone who asks. Null means: on a loopback " +
        "`host` yes, elsewhere no. Elsewhere `true` is refused.",
    ),
  tokenTtlSeconds: z
    .int()
    .min(1)
    .max(2_592_000)
    .default(3_600)
    .describe("How long the tokens that Doorbuster itself signs are valid."),
});
