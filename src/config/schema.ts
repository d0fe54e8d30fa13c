/** Every setting, once: its type, bounds, default and description. The environment's names, the
 *  error messages and docs/config.md are derived from this schema; what the program runs on is the
 *  `Config` of validate.ts. */
import { z } from "zod";

export const roleNames = ["api", "orders", "controller"] as const;
export type RoleName = (typeof roleNames)[number];

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export const logFormats = ["auto", "json", "pretty"] as const;

/** Public, hence good for nothing but a developer's own machine. */
export const developmentSecret = "doorbuster-development-secret-known-to-everybody";

const secretMinBytes = 32;

function secret(description: string) {
  return z
    .string()
    .refine((text) => Buffer.byteLength(text) >= secretMinBytes)
    .meta({
      secret: true,
      allowed: `text of at least ${secretMinBytes} bytes (\`openssl rand -base64 32\` makes one)`,
      description,
    });
}

function pattern(format: RegExp, allowed: string) {
  return z.string().regex(format).meta({ allowed });
}

const name = pattern(/^[\x21-\x7e]{1,200}$/, "1 to 200 printable characters without spaces");

const signingKey = z.strictObject({
  kid: pattern(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, dots, dashes or underscores"),
  secret: secret("Signs and verifies the tokens that name this key."),
});

const auth = z.strictObject({
  issuer: name.default("doorbuster").describe("The `iss` that every token must carry."),
  audience: name.default("doorbuster").describe("The `aud` that every token must carry."),
  secret: secret("The one signing secret (HS256): short for `auth.keys` with one key `default`.")
    .nullable()
    .default(null),
  keys: z
    .array(signingKey)
    .default([])
    .describe(
      "Signing keys, for rotation: a list of `{kid, secret}`. The first one signs, all of them " +
        "verify. Without `auth.keys` and `auth.secret` a public development secret is used, on " +
        "loopback only.",
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

const port = z.int().min(0).max(65_535);

export const settingsSchema = z.strictObject({
  roles: z
    .array(z.enum(roleNames))
    .min(1)
    .default([...roleNames])
    .describe("What this process does."),
  host: pattern(/^[A-Za-z0-9.:_-]{1,255}$/, "an IP address or a host name")
    .default("127.0.0.1")
    .describe("The address to listen on; 0.0.0.0 for every IPv4 address of the machine."),
  port: port.default(7070).describe("The TCP port to listen on; 0 for any free one."),
  dataDir: pattern(/^[^\0]+$/, "a path")
    .default(".doorbuster")
    .describe("The directory of the embedded stores; relative to the working directory."),
  stores: z
    .strictObject({
      kind: z
        .enum(["embedded"])
        .default("embedded")
        .describe("Where sales and orders are kept; embedded: SQLite in `dataDir`."),
    })
    .prefault({}),
  auth: auth.prefault({}),
  log: z
    .strictObject({
      level: z.enum(logLevels).default("info").describe("The least severe event that is logged."),
      format: z
        .enum(logFormats)
        .default("auto")
        .describe("One JSON object a line, or lines for people; auto: for people on a terminal."),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      port: port
        .min(1)
        .nullable()
        .default(null)
        .describe("Serves `/metrics` on a port of its own; null: on the main port."),
    })
    .prefault({}),
});

/** What the layers say, defaults filled in; not yet checked across fields. */
export type Settings = z.output<typeof settingsSchema>;
