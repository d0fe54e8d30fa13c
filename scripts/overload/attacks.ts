// What a crowd of bad clients does to a server, each from one process, until that process ends.
// Loopback only: `attacker.ts` refuses any other address.

import { holdConnections, type Lines } from "./held-connections.ts";
import { keepSending } from "./senders.ts";

export interface AttackTarget {
  readonly hostname: string;
  readonly port: number;
  readonly saleId: string;
  /** Of a buyer, and good. */
  readonly token: string;
  /** Files that the server may open; 0 if that was left as it is. */
  readonly files: number;
}

export interface Attack {
  readonly name: string;
  /** For the report. */
  readonly what: string;
  /** Whether the server has to close connections of others, too. */
  readonly closesOthers?: true;
  readonly start: (target: AttackTarget) => AttackTally;
}

export interface AttackTally {
  /** Resolves once it is in full swing. */
  readonly ready: Promise<void>;
  counts(): Readonly<Record<string, number>>;
}

const mebibyte = 2 ** 20;
const head = (target: AttackTarget, method: string, path: string) =>
  `${method} ${path} HTTP/1.1\r\nHost: ${target.hostname}:${target.port}\r\n`;
const orders = ({ saleId }: AttackTarget) => `/v1/sales/${saleId}/orders`;
const json = "Content-Type: application/json\r\nIdempotency-Key: k\r\n";

/** Half of the headers, then one more line a second; or a body, byte by byte. */
function drips(target: AttackTarget): Lines[] {
  const headers = { first: head(target, "GET", "/v1/sales"), next: "X-Slow: 1\r\n" };
  const buying = head(target, "POST", orders(target)) + json;
  const authorized = `${buying}Authorization: Bearer ${target.token}\r\n`;
  const body = { first: `${authorized}Content-Length: 9000\r\n\r\n{`, next: " " };
  return [headers, headers, headers, body];
}

/** Half of them have asked once and say no more; the others never finish their first line. */
function silence(target: AttackTarget): Lines[] {
  const asked = { first: `${head(target, "GET", `/v1/sales/${target.saleId}`)}\r\n`, next: null };
  return [asked, { first: "GET /v1", next: null }];
}

/** A token that nobody signed, a new one each time, so that no cache knows it. */
function forged(target: AttackTarget): string {
  const claims = { iss: "doorbuster", aud: "doorbuster", sub: "mallory", scope: "buy" };
  const payload = encode({ ...claims, exp: 4_000_000_000, jti: Math.random() });
  const header = encode({ alg: "HS256", typ: "JWT", kid: "default" });
  const token = `${header}.${payload}.${"A".repeat(43)}`;
  const body = '{"quantity":1}';
  const length = `Content-Length: ${body.length}\r\n\r\n`;
  const authorization = `Authorization: Bearer ${token}\r\n`;
  return head(target, "POST", orders(target)) + json + authorization + length + body;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function hugeHeaders(target: AttackTarget): string {
  return `${head(target, "GET", "/v1/sales")}X-Huge: ${"a".repeat(mebibyte)}\r\n\r\n`;
}

/** Of a declared length that nobody would read, or in chunks without end. */
function hugeBody(target: AttackTarget, lane: number): string {
  const start = head(target, "POST", orders(target)) + json;
  const authorized = `${start}Authorization: Bearer ${target.token}\r\n`;
  const part = "a".repeat(mebibyte);
  const many = (text: string) => text.repeat(8);
  if (lane % 2 === 0) return `${start}Content-Length: 100000000\r\n\r\n${many(part)}`;
  const chunk = `${mebibyte.toString(16)}\r\n${part}\r\n`;
  return `${authorized}Transfer-Encoding: chunked\r\n\r\n${many(chunk)}`;
}

export const attacks: readonly Attack[] = [
  {
    name: "slow-loris",
    what: "1,000 requests that never end, a line or a byte a second",
    start: (target) => holdConnections(target, 1_000, drips(target)),
  },
  {
    name: "idle",
    what: "10,000 connections that say nothing more",
    start: (target) => holdConnections(target, 10_000, silence(target)),
  },
  {
    name: "headers",
    what: "200 requests a second with headers of 1 MiB",
    start: (target) => {
      const request = Buffer.from(hugeHeaders(target));
      return keepSending(target, { lanes: 20, perSecond: 200, keepsAlive: false }, () => request);
    },
  },
  {
    name: "bad-tokens",
    what: "4,000 purchases a second with forged tokens, each a new one",
    start: (target) => {
      const pace = { lanes: 64, perSecond: 4_000, keepsAlive: true };
      return keepSending(target, pace, () => forged(target));
    },
  },
  {
    name: "bodies",
    what: "20 bodies a second of 8 MiB and more, half of them with a good token",
    start: (target) => {
      const requests = [0, 1].map((lane) => Buffer.from(hugeBody(target, lane)));
      const pace = { lanes: 10, perSecond: 20, keepsAlive: false };
      return keepSending(target, pace, (lane) => requests[lane % 2] ?? "");
    },
  },
  {
    name: "files",
    what: "twice as many connections as the server may open files",
    closesOthers: true,
    start: (target) => holdConnections(target, target.files * 2, silence(target)),
  },
];
