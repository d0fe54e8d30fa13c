// Tokens signed by the crowd, verified by a library that had no part in making them.

import { expect, test } from "bun:test";
import { createVerifier } from "fast-jwt";
import { TokenSigner } from "../../src/rush/tokens.ts";

const secret = "a secret of enough characters for HS256";

test("a token is valid HS256 with the claims the API asks for", () => {
  const verify = createVerifier({
    key: secret,
    allowedIss: "doorbuster",
    allowedAud: "doorbuster",
  });
  const signer = new TokenSigner(secret, Date.now());
  expect(verify(signer.sign("buyer-1", "buy"))).toMatchObject({ sub: "buyer-1", scope: "buy" });
  expect(verify(signer.sign("boss", "admin"))).toMatchObject({ sub: "boss", scope: "admin" });
});

test("the header names the key, and another secret does not verify", () => {
  const token = new TokenSigner("another secret of enough characters", Date.now()).sign("x", "buy");
  const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  expect(header).toEqual({ alg: "HS256", typ: "JWT", kid: "default" });
  expect(() => createVerifier({ key: secret })(token)).toThrow();
});
