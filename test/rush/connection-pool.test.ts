// The client against servers that split, delay, cut and refuse: every exchange ends exactly once.

import { afterEach, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { ConnectionPool, type PoolOptions } from "../../src/rush/connection-pool.ts";
import type { LossReason } from "../../src/rush/exchange.ts";
import { bodyText, type HttpResponse } from "../../src/rush/response.ts";

type OnRequest = (socket: Socket<undefined>, request: string) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function listen(onRequest: OnRequest, port = 0): TCPSocketListener<undefined> {
  const listener = Bun.listen<undefined>({
    hostname: "127.0.0.1",
    port,
    socket: { data: (socket, bytes) => onRequest(socket, bytes.toString()) },
  });
  cleanups.push(() => listener.stop(true));
  return listener;
}

function poolAt(port: number, options: Partial<PoolOptions> = {}): ConnectionPool {
  const endpoint = { hostname: "127.0.0.1", port };
  const defaults = { connections: 1, queueMax: 10, deadlineMs: 1000 };
  const pool = new ConnectionPool({ endpoint, ...defaults, ...options });
  cleanups.push(() => pool.close());
  return pool;
}

type End = { readonly status: number; readonly body: string } | LossReason | "dropped";

function ask(pool: ConnectionPool, text: string): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  const bytes = Buffer.from(`..${text}..`);
  let ends = 0;
  const end = (value: End) => {
    ends += 1;
    if (ends > 1) reject(new Error("an exchange ended twice"));
    resolve(value);
  };
  const exchange = {
    bytes,
    start: 2,
    length: text.length,
    onAnswer: (response: HttpResponse) =>
      end({ status: response.status, body: bodyText(response) }),
    onLost: end,
  };
  const taken = pool.submit(exchange, performance.now());
  if (!taken) end("dropped");
  return promise;
}

const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const echo: OnRequest = (socket, request) => socket.write(answer(request));

test("only the request's part of the buffer is sent, and the answer comes back", async () => {
  const pool = poolAt(listen(echo).port);
  await pool.ready;
  expect(await ask(pool, "hello")).toEqual({ status: 200, body: "hello" });
  expect(await ask(pool, "again")).toEqual({ status: 200, body: "again" });
});

test("an answer that comes byte by byte is put together", async () => {
  const trickle: OnRequest = async (socket) => {
    for (const byte of answer("slowly")) {
      socket.write(byte);
      socket.flush();
      await Bun.sleep(0);
    }
  };
  const pool = poolAt(listen(trickle).port);
  await pool.ready;
  expect(await ask(pool, "x")).toEqual({ status: 200, body: "slowly" });
});

test("exchanges wait their turn; what finds the queue full is dropped at once", async () => {
  const held: Socket<undefined>[] = [];
  const pool = poolAt(listen((socket) => held.push(socket)).port, { queueMax: 1 });
  await pool.ready;
  const ends = [ask(pool, "first"), ask(pool, "second"), ask(pool, "third")];
  expect(await ends[2]).toBe("dropped");
  while (held.length < 1) await Bun.sleep(0);
  held[0]?.write(answer("1"));
  expect(await ends[0]).toEqual({ status: 200, body: "1" });
  while (held.length < 2) await Bun.sleep(0);
  held[1]?.write(answer("2"));
  expect(await ends[1]).toEqual({ status: 200, body: "2" });
});

test("a silent server is a timeout, and the connection is not used again", async () => {
  let requests = 0;
  const pool = poolAt(
    listen((socket, request) => {
      requests += 1;
      if (requests > 1) echo(socket, request);
    }).port,
    { deadlineMs: 60 },
  );
  await pool.ready;
  expect(await ask(pool, "first")).toBe("timeout");
  expect(await ask(pool, "second")).toEqual({ status: 200, body: "second" });
});

test("a server that hangs up in the middle is a loss, and the pool recovers", async () => {
  let requests = 0;
  const pool = poolAt(
    listen((socket, request) => {
      requests += 1;
      if (requests > 1) echo(socket, request);
      else socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    }).port,
  );
  await pool.ready;
  expect(await ask(pool, "first")).toBe("closed");
  expect(await ask(pool, "second")).toEqual({ status: 200, body: "second" });
});

test.each([
  ["more than it was asked for", answer("a") + answer("b")],
  ["no HTTP", "SSH-2.0-OpenSSH\r\n"],
])("a server that says %s is malformed", async (_, text) => {
  const pool = poolAt(listen((socket) => socket.write(text)).port);
  await pool.ready;
  expect(await ask(pool, "x")).toBe("malformed");
});

test("a connection that the server closes after its answer is replaced", async () => {
  const closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1";
  const pool = poolAt(listen((socket) => socket.end(closing)).port);
  await pool.ready;
  expect(await ask(pool, "x")).toEqual({ status: 200, body: "1" });
  expect(await ask(pool, "y")).toEqual({ status: 200, body: "1" });
});

test("without a server nothing is sent; once there is one, the pool finds it", async () => {
  const listener = listen(echo);
  const { port } = listener;
  listener.stop(true);
  const pool = poolAt(port, { deadlineMs: 100 });
  expect(await ask(pool, "x")).toBe("unsent");
  listen(echo, port);
  await pool.ready;
  expect(await ask(pool, "y")).toEqual({ status: 200, body: "y" });
});

test("a request larger than the socket's buffer is sent to its end", async () => {
  let received = 0;
  const size = 8 * 1024 * 1024;
  const pool = poolAt(
    listen((socket, part) => {
      received += part.length;
      if (received === size) socket.write(answer("all of it"));
    }).port,
    { deadlineMs: 10_000 },
  );
  await pool.ready;
  expect(await ask(pool, "x".repeat(size))).toEqual({ status: 200, body: "all of it" });
});

test("closing the pool ends what is in flight and what is waiting", async () => {
  const pool = poolAt(listen(() => {}).port);
  await pool.ready;
  const ends = [ask(pool, "in flight"), ask(pool, "waiting")];
  pool.close();
  expect(await Promise.all(ends)).toEqual(["closed", "unsent"]);
});
