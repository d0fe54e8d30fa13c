// The API on a real port: which requests the server answers by itself, what ends a server, what
// keeps it from starting.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { limits } from "../../src/domain/limits.ts";
import { bunRoutes } from "../../src/http/bun-routes.ts";
import { ownFiles, watchConnections } from "../../src/http/connection-valve.ts";
import { type HttpServer, ListenError, listen } from "../../src/http/listen.ts";
import { virtualClock } from "../support/builders.ts";
import { answerOf, type HttpEngine, httpEngine, requestInit } from "../support/http-engine.ts";
import { until } from "../support/until.ts";

let engine: HttpEngine;
let server: HttpServer;
let sale: string;
beforeAll(async () => {
  engine = await httpEngine();
  server = listen(engine.app, bunRoutes(engine.deps), { host: "127.0.0.1", port: 0 });
  sale = await engine.openSale();
});
afterAll(async () => {
  await server.stop(0);
  await engine.close();
});

const buying = (token: string | undefined, body: unknown = { quantity: 1 }) =>
  requestInit("POST", { token, body, headers: { "idempotency-key": "x" } });

describe("the server", () => {
  const requests: readonly (readonly [string, string, RequestInit])[] = [
    ["a purchase without a token", "/v1/sales/s1/orders", buying(undefined)],
    ["a purchase with broken JSON", "/v1/sales/s1/orders", buying("forged", "{")],
    ["a purchase at no sale", "/v1/sales/%E4%BD%A0/orders", buying("forged")],
    ["a sale that isn't there", "/v1/sales/s999", {}],
    ["a sale with a broken name", "/v1/sales/%zz", {}],
    ["a sale and a query", "/v1/sales/s1?x=1", {}],
    ["a method that isn't there", "/v1/sales/s1", { method: "DELETE" }],
    ["a route of the router", "/v1/sales", {}],
    ["nothing", "/nothing", {}],
  ];
  test.each(requests)("answers %s as the app does", async (_, path, init) => {
    const real = await answerOf(await fetch(server.url + path, init));
    const inProcess = await answerOf(await engine.app.request(path, init));
    expect([real.status, real.text]).toEqual([inProcess.status, inProcess.text]);
    for (const [name, value] of inProcess.headers) expect(real.headers.get(name)).toBe(value);
  });

  test("takes a purchase, and repeats it", async () => {
    const url = `${server.url}/v1/sales/${sale}/orders`;
    const init = buying(engine.buyer("ada"));
    const first = await answerOf(await fetch(url, init));
    const again = await answerOf(await fetch(url, init));
    expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
  });

  test.each(["/v1/sales/s1", "/v1/sales", "/openapi.json"])(
    "answers a HEAD of %s with the length of its GET",
    async (path) => {
      const get = await fetch(server.url + path);
      const length = String((await get.bytes()).byteLength);
      const head = await fetch(server.url + path, { method: "HEAD" });
      expect(head.status).toBe(200);
      expect([head.headers.get("content-length"), await head.text()]).toEqual([length, ""]);
    },
  );

  const huge = "x".repeat(1_000_000);
  const chunked = () =>
    new ReadableStream({
      start(stream) {
        for (let n = 0; n < 50; n += 1) stream.enqueue(new TextEncoder().encode(huge));
        stream.close();
      },
    });
  test.each([
    ["of a declared length", () => huge],
    ["of unknown length", chunked],
  ])("refuses a huge body %s with 413", async (_, body) => {
    const init = { ...buying(engine.buyer("bob"), ""), body: body() };
    for (const path of [`/v1/sales/${sale}/orders`, "/v1/dev/tokens"]) {
      const answer = await answerOf(await fetch(server.url + path, { ...init, body: body() }));
      expect([answer.status, answer.json.type]).toEqual([413, "/problems/body-too-large"]);
    }
  });

  test("takes a body that comes in chunks", async () => {
    const body = new ReadableStream({
      start(stream) {
        for (const part of ['{"quan', 'tity":', "1}"])
          stream.enqueue(new TextEncoder().encode(part));
        stream.close();
      },
    });
    const init = { ...buying(engine.buyer("carol"), ""), body };
    expect((await fetch(`${server.url}/v1/sales/${sale}/orders`, init)).status).toBe(202);
  });
});

/** Answers when it is told to. */
function slowApp() {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: answer, resolve: release } = Promise.withResolvers<Response>();
  const fetch = () => {
    arrive();
    return answer;
  };
  return { fetch, arrived, release };
}

describe("stopping the server", () => {
  test("answers what is in flight, and takes nothing new", async () => {
    const app = slowApp();
    const own = listen(app, {}, { host: "127.0.0.1", port: 0 });
    const inFlight = fetch(own.url);
    await app.arrived;
    const stopped = own.stop(10_000);
    expect(await reachable(own.url)).toBe(false);
    app.release(new Response("late, but whole"));
    expect(await (await inFlight).text()).toBe("late, but whole");
    await stopped;
  });

  test("cuts off what takes longer than the deadline", async () => {
    const app = slowApp();
    const own = listen(app, {}, { host: "127.0.0.1", port: 0 });
    const inFlight = fetch(own.url).then(
      () => "answered",
      () => "cut off",
    );
    await app.arrived;
    await own.stop(1);
    expect(await inFlight).toBe("cut off");
  });
});

describe("shedding connections", () => {
  const half = "GET /v1/sales HTTP/1.1\r\nHost: x\r\n";
  const whole = `${half}\r\n`;

  test("answers who asks, closes the others, and listens at the same address", async () => {
    const app = slowApp();
    const own = listen(app, { "/": new Response("quick") }, { host: "127.0.0.1", port: 0 });
    const idle = await connected(own.url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => idle.heard().includes("quick"));
    const asking = await connected(own.url, whole);
    await app.arrived;
    own.shed(10_000);
    await idle.closed;
    expect(await reachable(own.url)).toBe(true);
    app.release(new Response("whole"));
    await asking.closed;
    expect(asking.heard()).toContain("whole");
    expect(await (await fetch(own.url)).text()).toBe("quick");
    await own.stop(1_000);
  });

  test("cuts off half a request once its time is over", async () => {
    const own = listen(slowApp(), {}, { host: "127.0.0.1", port: 0 });
    const asking = await connected(own.url, half);
    own.shed(1);
    await asking.closed;
    expect(asking.heard()).toBe("");
    await own.stop(0);
  });

  test("is no reason to cut off what is in flight when the server stops", async () => {
    const app = slowApp();
    const own = listen(app, {}, { host: "127.0.0.1", port: 0 });
    const asking = await connected(own.url, whole);
    await app.arrived;
    own.shed(10_000);
    const stopped = own.stop(10_000);
    app.release(new Response("whole"));
    await asking.closed;
    expect(asking.heard()).toContain("whole");
    await stopped;
    expect(await reachable(own.url)).toBe(false);
  });

  test.each([
    ["before the files run out", () => 90],
    ["when no file can be opened", () => null],
  ])("is done %s, and again when that did not help", (_, atLeast) => {
    const clock = virtualClock(0);
    let shed = 0;
    const files = { limit: 100, atLeast };
    const count = () => {
      shed += 1;
    };
    const stop = watchConnections({ clock, files, shed: count });
    clock.advance(limits.connectionsLookMs);
    clock.advance(limits.connectionsLookMs);
    expect(shed).toBe(2);
    stop();
    clock.advance(limits.connectionsLookMs);
    expect(shed).toBe(2);
  });

  test.each([
    [100, 89],
    [Number.POSITIVE_INFINITY, 1_000_000],
    [null, 1_000_000],
  ])("is not done while there is room (%p at most, %p open)", (limit, open) => {
    const clock = virtualClock(0);
    const shed = () => expect.unreachable();
    const stop = watchConnections({ clock, files: { limit, atLeast: () => open }, shed });
    clock.advance(limits.connectionsLookMs);
    stop();
  });

  test("knows how many files this process has open", () => {
    const files = ownFiles();
    expect(files.limit).toBeGreaterThan(files.atLeast() ?? Number.POSITIVE_INFINITY);
  });
});

describe("a server that cannot start", () => {
  function failure(host: string, port: number): unknown {
    try {
      return listen(engine.app, {}, { host, port });
    } catch (reason) {
      return reason;
    }
  }

  test("says which port is in use, and what to do", () => {
    const port = Number(new URL(server.url).port);
    const error = failure("127.0.0.1", port);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({
      code: "port-in-use",
      message: `port ${port} on 127.0.0.1 is in use`,
      help: "Choose another with --port.",
    });
  });

  test("says which address is not this machine's", () => {
    expect(failure("192.0.2.1", 0)).toMatchObject({ code: "address-unavailable" });
  });
});

/** A connection that sends this and then waits. */
async function connected(url: string, text: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let heard = "";
  socket.on("data", (bytes) => {
    heard += bytes.toString();
  });
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
  await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  await new Promise<void>((resolve) => void socket.write(text, () => resolve()));
  return { closed, heard: () => heard };
}

/** Whether a new connection is taken. */
function reachable(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
  });
}
