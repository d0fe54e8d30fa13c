/** Reads one HTTP/1.1 response out of received bytes: just enough of RFC 9112 for a server's JSON
 *  answers, and cheap enough that the load generator is not what a measurement measures. */

const CR = 13;
const LF = 10;
const COLON = 58;
const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_BEGINS = "HTTP/1.";
const decoder = new TextDecoder();

export interface HttpResponse {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** Where the header lines end and the body starts. */
  readonly bodyStart: number;
  /** The first byte after the response. */
  readonly end: number;
  readonly chunked: boolean;
  /** The server will close the connection after this response. */
  readonly closes: boolean;
}

/** A response, or why there is none (yet). */
export type Reading = HttpResponse | "incomplete" | "malformed";

export function readResponse(bytes: Uint8Array): Reading {
  const status = readStatus(bytes);
  if (typeof status === "string") return status;
  const framing = readFraming(bytes);
  if (typeof framing === "string") return framing;
  const end = endOfBody(bytes, framing, status);
  if (typeof end === "string") return end;
  const { bodyStart, chunked, closes } = framing;
  return { status, bytes, bodyStart, end, chunked, closes };
}

export function bodyText(response: HttpResponse): string {
  const { bytes, bodyStart, end } = response;
  if (!response.chunked) return decoder.decode(bytes.subarray(bodyStart, end));
  const parts: string[] = [];
  const stream = new TextDecoder();
  forEachChunk(bytes, bodyStart, (from, to) => {
    parts.push(stream.decode(bytes.subarray(from, to), { stream: true }));
  });
  return parts.join("");
}

/** A header's value, for the few answers whose headers matter; `name` in lower case. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const head = decoder.decode(response.bytes.subarray(0, response.bodyStart));
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && line.slice(0, colon).toLowerCase() === name) {
      return line.slice(colon + 1).trim();
    }
  }
  return undefined;
}

interface Framing {
  readonly bodyStart: number;
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly closes: boolean;
}

function readStatus(bytes: Uint8Array): number | "incomplete" | "malformed" {
  const known = Math.min(bytes.length, HEAD_BEGINS.length);
  for (let i = 0; i < known; i++) {
    if (bytes[i] !== HEAD_BEGINS.charCodeAt(i)) return "malformed";
  }
  if (bytes.length < 13) return "incomplete";
  const status = decimal(bytes, 9, 12);
  return status >= 100 && status <= 599 ? status : "malformed";
}

/** Walks the header lines once; only lines that begin with c or t can say how the body ends. */
function readFraming(bytes: Uint8Array): Framing | "incomplete" | "malformed" {
  let contentLength: number | undefined;
  let chunked = false;
  let closes = false;
  let line = lineAfter(bytes, 0);
  while (line !== -1 && line < bytes.length) {
    const first = bytes[line];
    if (first === CR) return framingAt(bytes, line, { contentLength, chunked, closes });
    const next = lineAfter(bytes, line);
    if (next === -1) break;
    const initial = (first ?? 0) | 0x20;
    if (initial === 0x63) {
      if (isHeader(bytes, line, "content-length")) {
        contentLength = decimal(bytes, valueAt(line, "content-length"), next);
        if (Number.isNaN(contentLength)) return "malformed";
      } else if (isHeader(bytes, line, "connection")) {
        closes = valueText(bytes, line, next, "connection") === "close";
      }
    } else if (initial === 0x74 && isHeader(bytes, line, "transfer-encoding")) {
      chunked = valueText(bytes, line, next, "transfer-encoding") === "chunked";
    }
    line = next;
  }
  return bytes.length > MAX_HEAD_BYTES ? "malformed" : "incomplete";
}

function framingAt(bytes: Uint8Array, blankLine: number, found: Omit<Framing, "bodyStart">) {
  if (blankLine + 2 > bytes.length) return "incomplete";
  return { ...found, bodyStart: blankLine + 2 };
}

function endOfBody(bytes: Uint8Array, framing: Framing, status: number) {
  const { bodyStart, contentLength, chunked } = framing;
  if (status === 204 || status === 304) return bodyStart;
  if (chunked) return forEachChunk(bytes, bodyStart, ignore);
  // A body that ends with the connection would make keep-alive impossible: no answer of ours does.
  if (contentLength === undefined) return "malformed";
  const end = bodyStart + contentLength;
  return end <= bytes.length ? end : "incomplete";
}

/** Visits the data of each chunk and returns where the chunked body ends (trailers are skipped). */
function forEachChunk(bytes: Uint8Array, start: number, visit: (from: number, to: number) => void) {
  let at = start;
  while (at < bytes.length) {
    const data = lineAfter(bytes, at);
    if (data === -1) return "incomplete";
    const size = Number.parseInt(decoder.decode(bytes.subarray(at, data - 2)), 16);
    if (Number.isNaN(size)) return "malformed";
    if (size === 0) return afterTrailers(bytes, data);
    if (data + size + 2 > bytes.length) return "incomplete";
    visit(data, data + size);
    at = data + size + 2;
  }
  return "incomplete";
}

function afterTrailers(bytes: Uint8Array, start: number): number | "incomplete" {
  let line = start;
  while (line < bytes.length) {
    const next = lineAfter(bytes, line);
    if (next === -1) return "incomplete";
    if (bytes[line] === CR) return next;
    line = next;
  }
  return "incomplete";
}

function lineAfter(bytes: Uint8Array, from: number): number {
  const feed = bytes.indexOf(LF, from);
  return feed === -1 ? -1 : feed + 1;
}

function isHeader(bytes: Uint8Array, line: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (((bytes[line + i] ?? 0) | 0x20) !== name.charCodeAt(i)) return false;
  }
  return bytes[line + name.length] === COLON;
}

function valueAt(line: number, name: string): number {
  return line + name.length + 1;
}

function valueText(bytes: Uint8Array, line: number, next: number, name: string): string {
  return decoder
    .decode(bytes.subarray(valueAt(line, name), next))
    .trim()
    .toLowerCase();
}

/** A decimal number with optional white space around it; NaN if there are no digits. */
function decimal(bytes: Uint8Array, from: number, to: number): number {
  let value = Number.NaN;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] ?? 0) - 48;
    if (digit >= 0 && digit <= 9) value = (Number.isNaN(value) ? 0 : value * 10) + digit;
    else if (!Number.isNaN(value)) break;
  }
  return value;
}

function ignore(): void {}
