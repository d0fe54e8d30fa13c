/** The stream of watches, when the other side ends it. */
import { afterEach, expect, test } from "bun:test";
import { watchStream } from "../../src/adapters/etcd/watch-stream.ts";
import { until } from "../support/until.ts";

let stop = () => {};
afterEach(() => stop());

test("a stream that is given up is opened again, once, whoever sends meanwhile", async () => {
  let connections = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response(null)),
    websocket: {
      open: () => {
        connections += 1;
      },
      // As the gateway does when etcd is not there.
      message: (socket) => void socket.send('{"error":{"message":"unavailable"}}'),
    },
  });
  let opened = 0;
  const stream = watchStream({
    client: {
      stream: async () => ({ url: `http://127.0.0.1:${server.port}/`, options: { headers: {} } }),
      turnAway: () => undefined,
    },
    needed: () => true,
    opened: () => {
      opened += 1;
      for (let watch = 0; watch < 3; watch += 1) stream.send({ watch });
    },
    heard: () => undefined,
  });
  // Until the other side has agreed to the end, the stream is neither open nor gone.
  const impatient = setInterval(() => stream.send({}), 0);
  stop = () => {
    clearInterval(impatient);
    stream.close();
    server.stop(true);
  };
  stream.send({});
  await until(() => connections >= 4);
  expect(opened).toBeLessThanOrEqual(connections);
});
