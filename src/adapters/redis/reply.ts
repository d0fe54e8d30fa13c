/** Replies of our own scripts, as the types they are known to have. */
import { assert } from "../../lib/assert.ts";
import type { Reply } from "./node.ts";

export function listOf(reply: Reply | undefined): readonly Reply[] {
  assert(Array.isArray(reply), "a script replied with something else than a list");
  return reply;
}

export function numberOf(reply: Reply | undefined): number {
  assert(typeof reply === "number", "a script replied with something else than a number");
  return reply;
}

export function bytesOf(reply: Reply | undefined): Buffer {
  assert(Buffer.isBuffer(reply), "a script replied with something else than bytes");
  return reply;
}

/** A flat list of pairs. */
export function pairsOf(reply: Reply): [Buffer, Buffer][] {
  const list = listOf(reply);
  const pairs: [Buffer, Buffer][] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    pairs.push([bytesOf(list[at]), bytesOf(list[at + 1])]);
  }
  return pairs;
}
