/** Public keys from wherever a JWKS is read, kept until it is read again. A key that is there
 * again stays the same one, so that what was verified with it is still believed. */
import { limits } from "../../domain/limits.ts";
import { messageOf } from "../../lib/finding.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PublicKeyAlgorithm, PublicKeys } from "../../ports/public-keys.ts";
import { type PublishedKey, parseJwks } from "./jwks.ts";

export interface JwksDeps {
  /** The text of the JWKS. */
  readonly read: () => Promise<string>;
  readonly clock: Pick<Clock, "elapsed">;
}

export function jwksPublicKeys({ read, clock }: JwksDeps): PublicKeys {
  let keys: readonly PublishedKey[] = [];
  let askedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | null = null;
  let failure: string | null = "the keys were not read yet";

  function find(algorithm: PublicKeyAlgorithm, kid: string | undefined): PublishedKey | null {
    const fitting = keys.filter((key) => key.algorithm === algorithm);
    if (kid === undefined) return fitting.length === 1 ? (fitting[0] ?? null) : null;
    return fitting.find((key) => key.kid === kid) ?? null;
  }

  function refresh(): Promise<void> {
    underWay ??= load().finally(() => {
      underWay = null;
    });
    return underWay;
  }

  async function load(): Promise<void> {
    askedAt = clock.elapsed();
    try {
      adopt(parseJwks(await read()));
      failure = null;
    } catch (reason) {
      if (failure !== null) failure = messageOf(reason);
      throw reason;
    }
  }

  function adopt(published: readonly PublishedKey[]): void {
    const kept = published.map((one) => keys.find(({ id }) => id === one.id) ?? one);
    for (const key of keys) if (!kept.includes(key)) key.withdraw();
    keys = kept;
  }

  function lookAgain(): Promise<void> | null {
    const asks = underWay !== null || clock.elapsed() - askedAt >= limits.jwksRefetchMs;
    return asks ? refresh().catch(() => undefined) : null;
  }

  return { find, refresh, lookAgain, failure: () => failure };
}
