/** Bearer tokens for the crowd: signed here when the secret is known (HS256, RFC 7515), since
 *  asking the server for ten thousand would be a load test of its own. */

export type Scope = "buy" | "admin";

const HEADER = base64url(JSON.stringify({ alg: "HS256", typ: "JWT", kid: "default" }));
const LIFETIME_S = 24 * 3600;
/** A server's clock may be a little behind ours. */
const BACKDATED_S = 5;

export class TokenSigner {
  private readonly keyed: Bun.CryptoHasher;
  private readonly issuedAt: number;

  constructor(secret: string, nowMs: number) {
    this.keyed = new Bun.CryptoHasher("sha256", secret);
    this.issuedAt = Math.floor(nowMs / 1000) - BACKDATED_S;
  }

  sign(subject: string, scope: Scope): string {
    const claims = {
      iss: "doorbuster",
      aud: "doorbuster",
      sub: subject,
      scope,
      iat: this.issuedAt,
      exp: this.issuedAt + LIFETIME_S,
    };
    const signed = `${HEADER}.${base64url(JSON.stringify(claims))}`;
    return `${signed}.${this.keyed.copy().update(signed).digest("base64url")}`;
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
