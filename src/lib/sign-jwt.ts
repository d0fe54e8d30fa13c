/** Signs a JSON Web Token with HS256 (RFC 7515, RFC 7519). */

export interface JwtKey {
  readonly kid: string;
  readonly secret: string;
}

export function signJwt(key: JwtKey, claims: Readonly<Record<string, unknown>>): string {
  const header = segment({ alg: "HS256", typ: "JWT", kid: key.kid });
  const input = `${header}.${segment(claims)}`;
  const signature = new Bun.CryptoHasher("sha256", key.secret).update(input).digest("base64url");
  return `${input}.${signature}`;
}

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
