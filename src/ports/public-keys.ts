/** The keys that somebody else signs tokens with, as he publishes them (a JWKS, RFC 7517). They
 * change while we run: a new one is learnt, and one that is withdrawn ends what it vouched for. */

export const publicKeyAlgorithms = ["RS256", "ES256", "EdDSA"] as const;
export type PublicKeyAlgorithm = (typeof publicKeyAlgorithms)[number];

/** Made for one algorithm, whatever a token says of it. */
export interface PublicKey {
  /** False for good once it was withdrawn. */
  readonly live: boolean;
  /** The signature is base64url; another spelling of the same bytes is refused. */
  verifies(input: string, signature: string): boolean;
}

export interface PublicKeys {
  /** Without a kid: the only key of that algorithm. Null if none is known, or several are. */
  find(algorithm: PublicKeyAlgorithm, kid: string | undefined): PublicKey | null;
  /** Reads the keys again; who asks meanwhile waits for the same answer. What was known stays
   * known if this fails. Throws if it does. */
  refresh(): Promise<void>;
  /** The same for a key that nobody knows, which anyone can name: resolves in any case, and is
   * null if the keys were asked for less than `jwksRefetchMs` ago. */
  lookAgain(): Promise<void> | null;
  /** Why there never were any keys; null once there were. */
  failure(): string | null;
}
