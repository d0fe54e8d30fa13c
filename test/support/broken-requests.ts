// Requests as a broken client, a broken proxy or an attacker would send them.

import fc from "fast-check";
import { hopelessBody, hopelessBytes, jsonBodies } from "./broken-bodies.ts";
import { byteChanges } from "./mutations.ts";

export interface RawRequest {
  readonly pieces: readonly Buffer[];
  /** Whether it says where it ends, so that somebody has to answer it. */
  readonly whole: boolean;
}

/** What requests name. Only those that cannot buy carry `barred`. */
export interface Names {
  readonly sale: string;
  readonly order: string;
  readonly buyer: string;
  readonly admin: string;
  readonly barred: string;
}

interface Parts {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: readonly string[];
  readonly body: Framed;
}

interface Framed {
  readonly headers: readonly string[];
  readonly bytes: Buffer;
  readonly whole: boolean;
}

/** A purchase in which exactly one thing makes it impossible. */
export function hopelessPurchase(names: Names): fc.Arbitrary<RawRequest> {
  const good = {
    method: "POST",
    target: `/v1/sales/${names.sale}/orders`,
    version: "HTTP/1.1",
    type: "Content-Type: application/json",
    token: `Authorization: Bearer ${names.barred}`,
    key: fc.uuid().map((key) => `Idempotency-Key: ${key}`),
    body: '{"quantity":1}',
  };
  const bearing = (...others: string[]) =>
    good.key.map((key) => ["Host: x", good.type, good.token, key, ...others]);
  const request = (headers: fc.Arbitrary<string[]>, body: fc.Arbitrary<Framed>, method = "POST") =>
    fc.record({ headers, body }).map((parts) => requestOf({ ...good, method, ...parts }));
  const fine = fc.constant(sized(Buffer.from(good.body)));
  const headersWith = (lines: fc.Arbitrary<readonly string[]>) =>
    lines.map((more) => ["Host: x", ...more]);
  return fc.oneof(
    request(bearing(), fc.oneof(hopelessBody, hopelessBytes).map(sized)),
    request(bearing(), brokenFrame(Buffer.from(good.body))),
    request(headersWith(badKey.map((key) => [good.type, good.token, ...key])), fine),
    request(
      headersWith(fc.tuple(good.key, badToken(names)).map(([k, t]) => [good.type, k, t])),
      fine,
    ),
    request(headersWith(fc.tuple(good.key, badType).map(([k, t]) => [k, good.token, ...t])), fine),
    fc
      .constantFrom("PUT", "PATCH", "DELETE", "post", "TRACE", "POSTS")
      .chain((method) => request(bearing(), fine, method)),
  );
}

/** Anything: it may even be all right. */
export function anyRequest(names: Names): fc.Arbitrary<RawRequest> {
  const one = oddRequest(names);
  return fc.oneof(
    { weight: 6, arbitrary: one },
    { weight: 2, arbitrary: pipelined(one) },
    { weight: 2, arbitrary: inPieces(one) },
    { weight: 4, arbitrary: changed(names) },
  );
}

/** A body that does not end where its headers say, or of which nobody can tell. */
function brokenFrame(body: Buffer): fc.Arbitrary<Framed> {
  const length = body.length;
  const chunk = `${length.toString(16)}\r\n${body}\r\n`;
  const stops = (text: string): Framed => framed(["Transfer-Encoding: chunked"], text, false);
  const lengths = (...values: (string | number)[]) =>
    values.map((value) => `Content-Length: ${value}`);
  return fc.constantFrom(
    framed(lengths(length + 1), body, false),
    framed(lengths(length + 1_000_000), body, false),
    framed(lengths(length - 1), body, true),
    framed(lengths(0), body, true),
    framed(lengths(length, length + 1), body, false),
    framed(lengths(length + 1, length), body, false),
    framed(lengths(length, length - 1), body, false),
    framed(lengths(-1), body, false),
    framed(lengths("0x0e"), body, false),
    framed(lengths("1e1"), body, false),
    framed(lengths(`${length}, ${length + 1}`), body, false),
    framed(lengths("99999999999999999999999"), body, false),
    stops(""),
    stops("e"),
    stops(chunk.slice(0, 8)),
    stops(chunk),
    stops(`zz\r\n${body}\r\n0\r\n\r\n`),
    stops(`-e\r\n${body}\r\n0\r\n\r\n`),
    stops(`ffffffffffffffff\r\n${body}\r\n0\r\n\r\n`),
    stops(`1${"0".repeat(40)}\r\n${body}\r\n0\r\n\r\n`),
    framed([], body, true),
  );
}

const badKey = fc.constantFrom<readonly string[]>(
  ...[[], ["Idempotency-Key:"], ['Idempotency-Key: ""'], ["Idempotency-Key:   "]],
  [`Idempotency-Key: ${"k".repeat(256)}`],
  [`Idempotency-Key: ${"k".repeat(9_000)}`],
  ["Idempotency-Key: k\x7f"],
  ["Idempotency-Key: k\xe9"],
  ["Idempotency-Key: k\t1"],
  ["Idempotency-Key : spaced"],
  ["X-Idempotency-Key: other"],
);

function badToken({ barred, admin }: Names): fc.Arbitrary<string> {
  const [head = "", claims = "", signature = ""] = barred.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return fc.constantFrom(
    ...[
      "X: y",
      "Authorization:",
      "Authorization: Bearer",
      "Authorization: Bearer ..",
      "Authorization: ey",
    ],
    `Authorization: Basic ${btoa("a:b")}`,
    `Authorization: Bearer ${admin}`,
    `Authorization: Bearer ${head}.${claims}.`,
    `Authorization: Bearer ${head}.${claims}.${[...signature].reverse().join("")}`,
    `Authorization: Bearer ${none}.${claims}.`,
    `Authorization: Bearer ${none}.${claims}.${signature}`,
    `Authorization: Bearer ${barred}.${barred}`,
    `Authorization: Bearer ${barred.slice(0, -8)}`,
    `Authorization: Bearer ${barred}\xff`,
    `Authorization: Bearer ${barred}, Bearer ${barred}`,
    `Authorization: Token ${barred}`,
    `Authorization: Bearer e${"y".repeat(9_000)}`,
    `Authorization : Bearer ${barred}`,
  );
}

const badType = fc.constantFrom<readonly string[]>(
  ...[[], ["Content-Type:"], ["Content-Type: text/plain"], ["Content-Type: application/json5"]],
  ["Content-Type: application/json; charset=utf-16"],
  ["Content-Type: application/x-www-form-urlencoded"],
  ["Content-Type: multipart/form-data; boundary=x"],
  ["Content-Type: application/json, text/plain"],
);

const methods = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("GET", "POST", "HEAD", "PATCH") },
  fc.constantFrom(
    ...[
      "OPTIONS",
      "PUT",
      "DELETE",
      "CONNECT",
      "TRACE",
      "get",
      "",
      "GET\0",
      "P OST",
      "PRI",
      "QUERY",
    ],
    ...["\xff\xfe", "A".repeat(3_000), "PROPFIND", "*"],
  ),
);
const versions = fc.oneof(
  { weight: 30, arbitrary: fc.constant("HTTP/1.1") },
  fc.constantFrom("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 ", "", "http/1.1", "HTTP/1.", "\0"),
);

function targets({ sale, order }: Names): fc.Arbitrary<string> {
  const queries = fc.constantFrom(
    ...[
      "",
      "?",
      "?limit=0",
      "?limit=1e9",
      "?limit=-1",
      "?limit=%00",
      "?cursor=%ff",
      "?cursor=\xff",
    ],
    ...[
      `?saleId=${sale}`,
      `?saleId=${sale}&saleId=s9`,
      "?saleId[]=1",
      "?saleId=%",
      "?a".repeat(900),
    ],
    ...["?cursor=99999999999999999999", "?cursor=__proto__", "?__proto__[a]=1", "?limit=1&limit=2"],
    `?cursor=${"A".repeat(4_000)}`,
  );
  const paths = fc.constantFrom(
    ...[
      "/",
      "*",
      "",
      "//",
      "/%",
      "/%00",
      "/%ff",
      "/\xff",
      "/..",
      "/../../etc/passwd",
      "/v1",
      "/v1/",
    ],
    ...["/openapi.json", "/docs", "/docs/", "/docs/..%2f..%2fpackage.json", "/metrics", "/livez"],
    ...["/readyz", "/v1/sales", "/v1/orders", "/v1/dev/tokens", "/v1/admin/locks", "/v1/admin/dlq"],
    ...["/v1/admin/dlq/x/replay", "/v1/admin/dlq/1-1/replay", "/v1/admin/dlq/%00/replay"],
    ...[
      "/v1/sales/%00",
      "/v1/sales/s0",
      "/v1/sales/s99999999999",
      "/v1/sales/%2e%2e",
      "/v1//sales",
    ],
    ...["http://example.com/v1/sales", "ftp://x", "example.com:443", "?", "#", "/v1/sales#x", "\\"],
    ...[
      `/v1/sales/${sale}`,
      `/v1/sales/${sale}/`,
      `/v1/sales/${sale}/orders`,
      `/v1/orders/${order}`,
    ],
    ...[`/v1/sales/${sale}/audit`, `/v1/sales/${sale}/stats`, `/v1/sales/${sale}/stock`],
    ...[`/v1/sales/${sale}%00/orders`, `/v1/sales/${sale}/orders/..`, `/v1/orders/${order}%0d%0a`],
    ...[`/v1/sales/${sale}/open`, `/v1/sales/${sale}/pause`, `/v1/sales/${sale}/resume`],
    `/${"a/".repeat(6_000)}`,
    `/v1/sales/${"s".repeat(20_000)}`,
  );
  return fc.tuple(paths, queries).map(([path, query]) => path + query);
}

/** Those that our code gets to see … */
const unusualHeaders = fc.constantFrom(
  ...["Expect: 100-continue", "Connection: upgrade", "Upgrade: websocket", "Connection: close"],
  ...["If-Match: *", 'If-Match: "1"', "If-Match: W/", "If-Match: \xff", "Host: y", "Cookie: a=b"],
  ...["Content-Encoding: gzip", "Range: bytes=0-0", "X-Forwarded-For: ,,", "\xff: x", "A: \t"],
  ...["TE: trailers", "Sec-WebSocket-Key: x", "traceparent: 00", "Accept: *;q=x"],
  ...['Idempotency-Key: "quoted', "Idempotency-Key: a\r\nIdempotency-Key: b", "Idempotency-Key: é"],
  Array.from({ length: 150 }, (_, n) => `X-${n}: ${n}`).join("\r\n"),
  `Idempotency-Key: ${"k".repeat(255)}`,
);
/** … and those that a server should not let through. */
const wrongHeaders = fc.constantFrom(
  ...["NoColon", " folded: x", ": empty", "A\0: b", "A: \0", "Host:", "Transfer-Encoding: gzip"],
  ...["Transfer-Encoding: chunked, chunked", "Transfer-Encoding: chunked\r\nContent-Length: 3"],
  `X: ${"x".repeat(20_000)}`,
  Array.from({ length: 1_000 }, (_, n) => `X-${n}: ${n}`).join("\r\n"),
);
const oddHeaders = fc.array(
  fc.oneof({ weight: 9, arbitrary: unusualHeaders }, { weight: 1, arbitrary: wrongHeaders }),
  { maxLength: 3 },
);

function oddRequest(names: Names): fc.Arbitrary<RawRequest> {
  const usual = fc
    .tuple(fc.constantFrom(names.buyer, names.admin), fc.uuid())
    .map(([token, key]) => [
      "Host: x",
      "Content-Type: application/json",
      `Authorization: Bearer ${token}`,
      `Idempotency-Key: ${key}`,
    ]);
  const bodies = fc.oneof<fc.Arbitrary<Buffer>[]>(hopelessBody, hopelessBytes, jsonBodies);
  return fc
    .record({
      method: methods,
      target: targets(names),
      version: versions,
      headers: fc.tuple(usual, oddHeaders).map(([lines, more]) => [...lines, ...more]),
      body: fc.oneof(
        { weight: 6, arbitrary: bodies.map(sized) },
        { weight: 2, arbitrary: bodies.map(chunked) },
        { weight: 2, arbitrary: bodies.chain(brokenFrame) },
      ),
    })
    .map(requestOf)
    .map(({ pieces }) => ({ pieces, whole: false }));
}

function pipelined(one: fc.Arbitrary<RawRequest>): fc.Arbitrary<RawRequest> {
  return fc.array(one, { minLength: 2, maxLength: 5 }).map((all) => {
    return { pieces: [Buffer.concat(all.flatMap(({ pieces }) => pieces))], whole: false };
  });
}

/** As a slow or a fussy network delivers it. */
function inPieces(one: fc.Arbitrary<RawRequest>): fc.Arbitrary<RawRequest> {
  return fc.tuple(one, fc.integer({ min: 1, max: 40 })).map(([{ pieces }, count]) => {
    const bytes = Buffer.concat([...pieces]);
    const size = Math.max(1, Math.ceil(bytes.length / count));
    const cuts = Array.from({ length: count }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
    return { pieces: cuts, whole: false };
  });
}

/** A good purchase, and then its bytes changed. */
function changed({ sale, buyer }: Names): fc.Arbitrary<RawRequest> {
  const headers = ["Host: x", "Content-Type: application/json", `Authorization: Bearer ${buyer}`];
  return fc.tuple(byteChanges, fc.uuid()).map(([change, key]) => {
    const body = sized(Buffer.from('{"quantity":1}'));
    const { pieces } = requestOf({
      method: "POST",
      target: `/v1/sales/${sale}/orders`,
      version: "HTTP/1.1",
      headers: [...headers, `Idempotency-Key: ${key}`],
      body,
    });
    return { pieces: [change(Buffer.concat([...pieces]))], whole: false };
  });
}

function requestOf({ method, target, version, headers, body }: Parts): RawRequest {
  const head = [`${method} ${target} ${version}`, ...headers, ...body.headers].join("\r\n");
  const pieces = [Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body.bytes])];
  return { pieces, whole: body.whole };
}

function framed(headers: readonly string[], bytes: Buffer | string, whole: boolean): Framed {
  return { headers, bytes: Buffer.from(bytes as string), whole };
}

function sized(bytes: Buffer): Framed {
  return { headers: [`Content-Length: ${bytes.length}`], bytes, whole: true };
}

function chunked(bytes: Buffer): Framed {
  const chunks = [`${bytes.length.toString(16)};ext=1\r\n`, bytes, "\r\n0\r\nTrailer: x\r\n\r\n"];
  const body = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string)));
  return { headers: ["Transfer-Encoding: chunked"], bytes: body, whole: true };
}
