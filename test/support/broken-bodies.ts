// Bodies of requests: not JSON, not what is asked for, in the wrong encoding, too large.

import fc from "fast-check";

/** Bytes of no body that a sale would take. */
export const hopelessBody = fc
  .oneof(
    fc.constantFrom(
      ...["", " ", "{", "}", "null", "true", "[]", "{}", '"quantity"', '{"quantity":1', "\0"],
      ...['{"quantity":0}', '{"quantity":-1}', '{"quantity":1.5}', '{"quantity":"1"}'],
      ...['{"quantity":1e400}', '{"quantity":1e21}', '{"quantity":[1]}', '{"quantity":null}'],
      ...[
        '{"quantity":01}',
        '{"quantity":0x1}',
        '{"quantity":+1}',
        '{"quantity":1}}',
        '{"quantity":1,}',
      ],
      ...[
        "{'quantity':1}",
        "{quantity:1}",
        '{"quantity":1}\0',
        '{"quantity":NaN}',
        '{"Quantity":1}',
      ],
      ...[
        '{"quantity":1,"price":0}',
        '{"quantity":1,"__proto__":{}}',
        '{"__proto__":{"quantity":1}}',
      ],
      ...['{"quantity":1,"constructor":1}', '{"quantity":1}{"quantity":1}', "quantity=1"],
      ...['{"quantity":999999999999999999999}', '{"quantity":1001}', '{"quantity":1,"":0}'],
      `{"quantity":${"9".repeat(5_000)}}`,
      `{"quantity":1${" ".repeat(20_000)}}`,
    ),
    fc.integer({ min: 1, max: 8_000 }).map((depth) => '{"quantity":'.repeat(depth)),
    fc.integer({ min: 1, max: 8_000 }).map((depth) => "[".repeat(depth)),
    fc.integer({ min: 1, max: 8_000 }).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
  )
  .map((text) => Buffer.from(text));
export const hopelessBytes = fc.constantFrom<Buffer>(
  Buffer.from('{"quantity":1}', "utf16le"),
  Buffer.from('{"quantity":1}\xff', "latin1"),
  Buffer.from('{"quantity\xc3":1}', "latin1"),
  Buffer.from([0xff, 0xfe, ...Buffer.from('{"quantity":1}', "utf16le")]),
  Buffer.from(Bun.gzipSync(Buffer.from('{"quantity":1}'))),
  Buffer.alloc(16_385, " "),
  Buffer.alloc(300_000, "x"),
);

export const jsonBodies = fc
  .oneof(
    fc.json(),
    fc.constantFrom('{"quantity":1}', '{"add":1}', '{"add":-1}', '{"sub":"a","scope":"buy"}'),
    fc.constantFrom('{"sub":"","scope":[]}', '{"name":"\\u0000"}', '{"endsAt":"9999-99-99"}'),
    fc
      .record({
        productId: fc.constantFrom("a", "", "\0", "é", "x".repeat(99)),
        name: fc.oneof(fc.string({ unit: "binary" }), fc.constant("\ud800")),
        stock: fc.constantFrom(1, 0, -1, 1e9, 1.5, "1", null),
        price: fc.constantFrom({ amount: "1.00", currency: "CNY" }, { amount: "1e9" }, null, "1"),
        startsAt: fc.constantFrom("2026-01-01T00:00:00Z", "-271821-04-20T00:00:00Z", "x", 9e15),
      })
      .map((sale) => JSON.stringify(sale)),
  )
  .map((text) => Buffer.from(text));
