// Messages as a broken writer, a broken disk or a stranger would put them into the order log.

import fc from "fast-check";
import { reservation } from "./builders.ts";
import { byteChanges } from "./mutations.ts";

export interface RawMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
}

const order = reservation({ sequence: 7, buyer: "ann", key: "k-7", at: 1_700_000_000_123 });
/** As the adapter writes it. */
export const valid: RawMessage = {
  key: Buffer.from("ann"),
  value: Buffer.from(JSON.stringify({ v: 1, ...order })),
  headers: [
    [Buffer.from("ce_id"), Buffer.from(order.orderId)],
    [Buffer.from("content-type"), Buffer.from("application/json")],
  ],
};

const oddTexts = fc.constantFrom(
  ...["", " ", "\0", "é", "𝄞", "\ud800", "q1\ud800", "q", "null", "NaN", "0", "s0", "s4294967296"],
  ...["00000000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "a".repeat(65), "k".repeat(256)],
  ...[order.orderId.toLowerCase(), `${order.orderId} `, '"', "\\", "a\r\nb", "\u2028", "ÿ"],
);
const oddNumbers = fc.constantFrom(
  ...[0, -0, -1, 1.5, 1_001, 65_536, 2 ** 31, 2 ** 53, 1e308, 8_640_000_000_000_001],
);
const oddValue = fc.oneof(
  oddTexts,
  oddNumbers,
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom(null, true, [], {}, [1], { toString: "x" }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constant(undefined),
);

const fieldNames = [
  ...["v", "orderId", "saleId", "epoch", "buyerId", "requestKey", "fingerprint", "quantity"],
  ...["reservedAt", "__proto__", "constructor", "toJSON", "extra"],
];

/** Some fields are other than they should be, the rest is as it was. */
const changedFields = fc
  .array(fc.tuple(fc.constantFrom(...fieldNames), oddValue), { minLength: 1, maxLength: 3 })
  .map((changes) => {
    const fields = [...Object.entries({ v: 1, ...order }), ...changes];
    const texts = fields.flatMap(([name, value]) => {
      const text = JSON.stringify(value);
      return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
    });
    return Buffer.from(`{${texts.join(",")}}`);
  });

const changedBytes = byteChanges.map((change) => change(valid.value ?? Buffer.alloc(0)));
const nested = fc
  .tuple(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom("[", '{"a":'))
  .map(([depth, open]) => Buffer.from(open.repeat(depth)));
const numbers = fc
  .constantFrom("1e400", "-0", "1E0", "1.0", `1${"0".repeat(400)}`, "0x1", "01", "9007199254740993")
  .map((number) => Buffer.from(`${valid.value}`.replace('"quantity":1', `"quantity":${number}`)));
const huge = fc
  .constantFrom("requestKey", "fingerprint", "buyerId", "extra")
  .map((name) => Buffer.from(JSON.stringify({ v: 1, ...order, [name]: "x".repeat(200_000) })));

const bytes = fc.uint8Array({ maxLength: 64 }).map((raw) => Buffer.from(raw));
const anyValue = fc.oneof(
  { weight: 1, arbitrary: fc.constant(valid.value) },
  { weight: 8, arbitrary: changedFields },
  { weight: 8, arbitrary: changedBytes },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: numbers },
  { weight: 1, arbitrary: huge },
);

const bytesOrNull = fc.option(bytes);
const idHeader = fc.oneof(oddTexts, fc.constant<string>(order.orderId));
const headers = fc.oneof(
  fc.constant(valid.headers),
  fc.constant([]),
  fc.array(fc.tuple(bytesOrNull, bytesOrNull), { maxLength: 4 }),
  idHeader.map((id) => [[Buffer.from("ce_id"), Buffer.from(id)] as const]),
  fc.constant([[Buffer.from("ce_id"), null] as const]),
);

export const anyMessage: fc.Arbitrary<RawMessage> = fc.record({
  key: fc.oneof(fc.constant(valid.key), bytesOrNull),
  value: anyValue,
  headers,
});
