// The response reader: whole answers, answers cut anywhere, and what is not HTTP.

import { describe, expect, test } from "bun:test";
import { bodyText, type HttpResponse, headerOf, readResponse } from "../../src/rush/response.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const plain = 'HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\nX-A: b\r\n\r\n{"a":"é"}';
const chunked =
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" +
  "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n";

function whole(text: string): HttpResponse {
  const reading = readResponse(bytes(text));
  if (typeof reading === "string") throw new Error(reading);
  return reading;
}

test("a response with a length is read, bytes not characters counted", () => {
  const response = whole(plain);
  expect(response.status).toBe(202);
  expect(bodyText(response)).toBe('{"a":"é"}');
  expect(response.end).toBe(bytes(plain).length);
  expect(response.closes).toBe(false);
});

test("a chunked response is put together, extensions and trailers ignored", () => {
  const response = whole(chunked);
  expect(bodyText(response)).toBe("hello world");
  expect(response.end).toBe(chunked.length);
});

describe.each([
  ["with a length", plain],
  ["chunked", chunked],
  ["without a body", "HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n"],
])("a response %s", (_, text) => {
  test("is incomplete wherever it is cut", () => {
    const all = bytes(text);
    for (let cut = 0; cut < all.length; cut++) {
      expect(readResponse(all.subarray(0, cut))).toBe("incomplete");
    }
    expect(whole(text).end).toBe(all.length);
  });

  test("ends where the next one begins", () => {
    expect(whole(text + plain).end).toBe(bytes(text).length);
  });
});

test.each([
  ["another protocol", "SSH-2.0-OpenSSH\r\n"],
  ["no status", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"],
  ["no end but the connection's", "HTTP/1.1 200 OK\r\nDate: x\r\n\r\nabc"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
  ["a chunk size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n"],
  ["an endless head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`],
])("%s is malformed", (_, text) => {
  expect(readResponse(bytes(text))).toBe("malformed");
});

test("headers are found whatever their case, and closing is noticed", () => {
  const response = whole(
    "HTTP/1.1 429 Too Many\r\nretry-AFTER: 3\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n",
  );
  expect(headerOf(response, "retry-after")).toBe("3");
  expect(headerOf(response, "ratelimit")).toBeUndefined();
  expect(response.closes).toBe(true);
});
