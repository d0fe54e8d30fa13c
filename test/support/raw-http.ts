// HTTP as bytes on a socket: sends what no client would, and reads what comes back.

import { createConnection, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  /** Resolves when a whole answer is there, or the server has hung up. */
  readonly answered: Promise<void>;
  /** Whether the server hung up. */
  readonly closed: () => boolean;
  /** The whole answers so far. */
  readonly answers: () => RawAnswer[];
  /** Hangs up. */
  readonly end: () => void;
}

/** Writes the pieces one after the other, a turn of the event loop between them. */
export function exchange(url: string, pieces: readonly Buffer[]): Exchange {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
  const done = Promise.withResolvers<void>();
  let heard = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes]);
    if (parseAnswers(heard).some(({ status }) => status >= 200)) done.resolve();
  });
  const over = () => {
    closed = true;
    done.resolve();
  };
  socket.on("error", over).on("end", over).on("close", over);
  socket.on("connect", () => void writeAll(socket, pieces, () => closed));
  return {
    answered: done.promise,
    closed: () => closed,
    answers: () => parseAnswers(heard),
    end: () => void socket.destroy(),
  };
}

async function writeAll(socket: Socket, pieces: readonly Buffer[], over: () => boolean) {
  for (const piece of pieces) {
    if (over()) return;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The whole answers at the beginning of what was heard. */
export function parseAnswers(heard: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = heard; ; ) {
    const found = firstAnswer(rest);
    if (found === null) return answers;
    answers.push(found.answer);
    rest = rest.subarray(found.length);
  }
}

const statusLine = /^HTTP\/1\.[01] (\d{3})/;

function firstAnswer(bytes: Buffer): { answer: RawAnswer; length: number } | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const lines = bytes.subarray(0, Math.max(0, headEnd)).toString("latin1").split("\r\n");
  const status = Number(statusLine.exec(lines[0] ?? "")?.[1]);
  if (headEnd < 0 || Number.isNaN(status)) return null;
  const headers = new Map(
    lines.slice(1).map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()] as const;
    }),
  );
  const body = bodyOf(bytes.subarray(headEnd + 4), headers);
  if (body === null) return null;
  const answer = { status, headers, body: body.text };
  return { answer, length: headEnd + 4 + body.length };
}

/** An answer to HEAD tells the length of a body that it does not have. */
function bodyOf(
  rest: Buffer,
  headers: ReadonlyMap<string, string>,
): { text: string; length: number } | null {
  if (headers.get("transfer-encoding") === "chunked") return chunkedBody(rest);
  const length = Number(headers.get("content-length") ?? 0);
  const none = rest.length === 0 || statusLine.test(rest.subarray(0, 16).toString("latin1"));
  if (none) return { text: "", length: 0 };
  if (rest.length < length) return null;
  return { text: rest.subarray(0, length).toString(), length };
}

function chunkedBody(rest: Buffer): { text: string; length: number } | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf("\r\n", at);
    const size = Number.parseInt(rest.subarray(at, Math.max(at, lineEnd)).toString(), 16);
    if (lineEnd < 0 || Number.isNaN(size)) return null;
    const from = lineEnd + 2;
    at = from + size + 2;
    if (at > rest.length) return null;
    if (size === 0) return { text: Buffer.concat(parts).toString(), length: at };
    parts.push(rest.subarray(from, from + size));
  }
}
