/** The keys of locks: `<prefix><name>/~<lease>-<number>`, one for each who holds or waits. No name
 *  has a `~` in it, so the keys of one lock have a beginning that no other lock's keys have. */
import { type LockToken, lockToken } from "../../domain/ids.ts";
import { assert } from "../../lib/assert.ts";
import type { LockEntry } from "../../ports/lease.ts";
import { base64, rangeEnd, textOf } from "./client.ts";

/** A key as the gateway answers it. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly create_revision: string;
  readonly lease?: string;
}

/** What stands in a key's value, for people with etcdctl. */
export interface LockValue {
  readonly uuid: string;
  readonly about: string;
  readonly leaseId: string;
  readonly holder: string;
}

const mark = "/~";

export function queuePrefix(prefix: string, name: string): string {
  assert(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(name), `not a lock's name: ${name}`);
  return `${prefix}${name}${mark}`;
}

/** The name in a key, or null if it is none of ours. */
export function nameIn(prefix: string, key: string): string | null {
  const end = key.lastIndexOf(mark);
  return key.startsWith(prefix) && end > 0 ? key.slice(prefix.length, end) : null;
}

/** A range of keys, as the gateway takes it. */
export function rangeOf(prefix: string) {
  return { key: base64(prefix), range_end: rangeEnd(prefix) };
}

/** Room for 2⁴⁰ revisions under each generation, and both in a number that JSON can carry. */
const generationSize = 2 ** 40;

export function tokenOf(generation: number, createRevision: string): LockToken {
  const revision = Number(createRevision);
  assert(revision < generationSize, `revision ${createRevision} is out of a token's range`);
  return lockToken(generation * generationSize + revision);
}

export function entryOf(generation: number, found: KeyValue): LockEntry {
  const value = valueIn(found);
  return {
    token: tokenOf(generation, found.create_revision),
    holder: value.holder ?? "unknown",
    leaseId: BigInt(found.lease ?? "0").toString(16),
    uuid: value.uuid ?? "",
    about: value.about ?? "",
  };
}

function valueIn({ value }: KeyValue): Partial<LockValue> {
  try {
    return JSON.parse(textOf(value ?? "")) as Partial<LockValue>;
  } catch {
    return {};
  }
}
