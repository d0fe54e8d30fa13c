// What happens to bytes: flipped, inserted, deleted, cut, repeated.

import fc from "fast-check";

export type Change = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Buffer, where: number) => Math.floor(where * (bytes.length + 1));

const flipped = fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([where, mask]) =>
  named(`flip ${where} by ${mask}`, (bytes) => {
    const changed = Buffer.from(bytes);
    const index = Math.floor(where * bytes.length);
    if (index < changed.length) changed[index] = (changed[index] ?? 0) ^ mask;
    return changed;
  }),
);

const someBytes = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((raw) => Buffer.from(raw));
const nastyBytes = fc.constantFrom(
  ...["\0", "\r\n", "\n", '"', "\\", "{", "[", "]", "}", ",", ":", "-", "e999", "\u2028", "𝄞"],
  ...["__proto__", "\\u0000", "\\ud800", "null", "true", "0x1", "1e400", "NaN", "é", "\ufffd"],
);

const inserted = fc
  .tuple(
    place,
    fc.oneof(
      someBytes,
      nastyBytes.map((text) => Buffer.from(text)),
    ),
  )
  .map(([where, extra]) =>
    named(`insert ${JSON.stringify(extra.toString("latin1"))} at ${where}`, (bytes) => {
      const index = at(bytes, where);
      return Buffer.concat([bytes.subarray(0, index), extra, bytes.subarray(index)]);
    }),
  );

const deleted = fc.tuple(place, fc.integer({ min: 1, max: 9 })).map(([where, count]) =>
  named(`delete ${count} at ${where}`, (bytes) => {
    const index = at(bytes, where);
    return Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + count)]);
  }),
);

const cut = place.map((where) =>
  named(`cut at ${where}`, (bytes) => bytes.subarray(0, at(bytes, where))),
);

const repeated = fc.tuple(place, place).map(([from, to]) =>
  named(`repeat ${from} to ${to}`, (bytes) => {
    const [begin, end] = [at(bytes, from), at(bytes, to)].sort((a, b) => a - b);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(begin)]);
  }),
);

const small = [
  { weight: 4, arbitrary: flipped },
  { weight: 4, arbitrary: inserted },
  { weight: 2, arbitrary: deleted },
  { weight: 1, arbitrary: cut },
] as const;

/** One to three changes, one after the other. */
export const damages: fc.Arbitrary<Change> = sequences(fc.oneof(...small));

/** The same, and parts that are there twice. */
export const byteChanges: fc.Arbitrary<Change> = sequences(
  fc.oneof(...small, { weight: 1, arbitrary: repeated }),
);

function sequences(change: fc.Arbitrary<Change>): fc.Arbitrary<Change> {
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((all) =>
      named(all.map(String).join(", "), (bytes) => all.reduce((sum, one) => one(sum), bytes)),
    );
}

/** Prints as what it does. */
function named(name: string, apply: Change): Change {
  return Object.assign((bytes: Buffer) => apply(bytes), { toString: () => name });
}
