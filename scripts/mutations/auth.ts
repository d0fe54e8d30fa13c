/** Deliberate bugs about who is believed, and where; see table.ts. */
import type { Mutation } from "./mutation.ts";

const keys = "src/adapters/jwks/public-keys.ts";
const jwks = "test/unit/jwks.test.ts";
const tokens = "test/unit/http-jwks.test.ts";

export const auth: readonly Mutation[] = [
  {
    promise: "a withdrawn key ends tokens that were taken before",
    file: "src/http/auth.ts",
    find: "return key.live && nowMs",
    replace: "return nowMs",
    test: tokens,
    name: "ends tokens of a key that is withdrawn",
  },
  {
    promise: "a key that is not published any more is withdrawn",
    file: keys,
    find: "    for (const key of keys) if (!kept.includes(key)) key.withdraw();\n",
    replace: "",
    test: jwks,
    name: "that are withdrawn are no good any more",
  },
  {
    promise: "a token is remembered no longer than it lives",
    file: "src/http/auth.ts",
    find: "nowMs < value.expiresAtMs",
    replace: "nowMs < value.expiresAtMs + 1",
    test: tokens,
    name: "ends in the cache when it ends",
  },
  {
    promise: "a key knows its algorithm, whatever a token says",
    file: keys,
    find: "keys.filter((key) => key.algorithm === algorithm)",
    replace: 'keys.filter(() => algorithm !== "RS384")',
    test: jwks,
    name: "are found without a name only if",
  },
  {
    promise: "whoever names unknown keys does not set the pace at which they are read",
    file: keys,
    find: "clock.elapsed() - askedAt >= limits.jwksRefetchMs",
    replace: "clock.elapsed() >= askedAt",
    test: jwks,
    name: "are asked for again once at a time",
  },
  {
    promise: "keys that cannot be read again stay known",
    file: keys,
    find: "      if (failure !== null) failure = messageOf(reason);\n",
    replace: "      adopt([]);\n      if (failure !== null) failure = messageOf(reason);\n",
    test: jwks,
    name: "stay known while their server is away",
  },
  {
    promise: "a private key that is published is not believed",
    file: "src/adapters/jwks/jwks.ts",
    find: "  d: z.undefined().optional(),\n",
    replace: "",
    test: jwks,
    name: "leaves out a private key",
  },
  {
    promise: "nobody is an administrator where those have a port of their own",
    file: "src/http/guard.ts",
    find: "admin: admins && identity.value.admin",
    replace: "admin: identity.value.admin",
    test: "test/unit/http-admin-port.test.ts",
    name: "takes nobody for an administrator",
  },
  {
    promise: "connections are closed before no file can be opened",
    file: "src/http/connection-valve.ts",
    find: "open === null || ",
    replace: "open !== null && ",
    test: "test/unit/http-listen.test.ts",
    name: "is done when no file can be opened",
  },
];
