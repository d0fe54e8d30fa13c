/** Who is asking: the bearer token of a request. One that is dear to verify, which those of
 *  published keys are, is remembered while it and its key are good. */
import type { AuthConfig } from "../config/validate.ts";
import { type BuyerId, parseBuyerId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { recent } from "../lib/recent.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { PublicKeys } from "../ports/public-keys.ts";
import { type TokenFault, type TokenKey, tokenVerifier } from "./token.ts";
import { tokenAnswers } from "./token-answers.ts";

export interface Identity {
  readonly buyerId: BuyerId;
  readonly buy: boolean;
  readonly admin: boolean;
  readonly expiresAtMs: number;
}

export type Identified = Result<Identity, Response>;

/** Answers for the value of an `Authorization` header; later only if the token names a key that
 *  has to be asked for. */
export type Authenticator = (authorization: string | null) => Identified | Promise<Identified>;

export interface AuthDeps {
  readonly auth: AuthConfig;
  /** Null: no keys but our own are believed. */
  readonly publicKeys: PublicKeys | null;
  readonly clock: Pick<Clock, "now">;
}

/** A whole token is the key of what is remembered of it, so that no other one finds it. */
export function authenticator({ auth, publicKeys, clock }: AuthDeps): Authenticator {
  const verify = tokenVerifier(auth, publicKeys);
  const answers = tokenAnswers(auth);
  const known = recent<string, Known>(limits.tokenCacheMax);
  let waiting = 0;

  return (authorization) => {
    if (authorization === null) return err(answers.missing());
    const remembered = publicKeys === null ? undefined : known.get(authorization);
    if (remembered !== undefined && isGood(remembered, clock.now())) return remembered;
    const token = bearerToken(authorization);
    if (token === null) return err(answers.missing());
    const found = identify(authorization, token);
    if (found.ok || found.error !== "unknown-public-key") return answered(found);
    return foundAgain(authorization, token) ?? answered(found);
  };

  function identify(authorization: string, token: string): Result<Identity, TokenFault> {
    const verified = verify(token, clock.now());
    if (!verified.ok) return verified;
    const { claims, key } = verified.value;
    const buyerId = parseBuyerId(claims.buyerId);
    if (buyerId === null) return err("bad-claims");
    const { buy, admin, exp } = claims;
    const identity = { buyerId, buy, admin, expiresAtMs: exp * 1000 };
    if (key.cheap !== true) known.set(authorization, { ...ok(identity), key });
    return ok(identity);
  }

  /** Null if the keys cannot be asked for again just now, or too many wait for them already. */
  function foundAgain(authorization: string, token: string): Promise<Identified> | null {
    const asked = waiting < limits.keyWaitersMax ? publicKeys?.lookAgain() : null;
    if (asked === null || asked === undefined) return null;
    waiting += 1;
    return asked.then(() => {
      waiting -= 1;
      return answered(identify(authorization, token));
    });
  }

  function answered(found: Result<Identity, TokenFault>): Identified {
    if (found.ok) return found;
    if (found.error !== "unknown-public-key") return err(answers.refused[found.error]());
    return err(publicKeys?.failure() === null ? answers.unknownPublicKey() : answers.noKeysYet());
  }
}

interface Known {
  readonly ok: true;
  readonly value: Identity;
  readonly key: TokenKey;
}

function isGood({ value, key }: Known, nowMs: number): boolean {
  return key.live && nowMs < value.expiresAtMs;
}

function bearerToken(authorization: string): string | null {
  if (authorization.startsWith("Bearer ey")) return authorization.slice(7);
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}
