// A TCP proxy on loopback that can be told where to lead, to break, to dawdle and to swallow
// everything: what a network does between a client and a server.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";

/** `open` passes on; `silent` takes connections and passes nothing on, in either direction, as if
 *  packets were lost; `deaf` passes questions on and no answers, and takes nobody new; `refusing`
 *  breaks what is open and what comes. */
export type ProxyBehaviour = "open" | "silent" | "deaf" | "refusing";

export interface TcpProxy {
  readonly port: number;
  /** Where new connections lead from now on; those that are open are broken. */
  lead(port: number): void;
  behave(how: ProxyBehaviour): void;
  /** Whatever is passed on comes so much later, in each direction. */
  delay(ms: number): void;
  /** Breaks what is open; what comes is welcome. */
  drop(): void;
  /** What is open stays so and leads nowhere for good, as if the other side had lost its memory
   *  without a word; what comes is welcome. */
  orphan(): void;
  close(): void;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly up: Transform;
  readonly down: Transform;
  orphaned: boolean;
}

export async function tcpProxy(to: number): Promise<TcpProxy> {
  let target = to;
  let how: ProxyBehaviour = "open";
  let delayMs = 0;
  const pairs = new Set<Pair>();

  const server = createServer((client) => {
    if (how === "refusing" || how === "deaf") return void client.resetAndDestroy();
    const upstream = connect({ host: "127.0.0.1", port: target });
    const [up, down] = [dawdling(() => delayMs), dawdling(() => delayMs)];
    const pair = { client, upstream, up, down, orphaned: false };
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
    tie(pair);
    if (how === "open") flow(pair);
  });

  function breakAll(): void {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port) => {
      target = port;
      breakAll();
    },
    behave: (next) => {
      how = next;
      if (how === "refusing") breakAll();
      else for (const pair of pairs) change[how](pair);
    },
    delay: (ms) => {
      delayMs = ms;
    },
    drop: breakAll,
    orphan: () => pairs.forEach(orphan),
    close: () => {
      server.close();
      breakAll();
    },
  };
}

function dawdling(delayMs: () => number): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      const ms = delayMs();
      if (ms === 0) done(null, chunk);
      else setTimeout(done, ms, null, chunk);
    },
  });
}

/** Each side ends with the other, unless they know nothing of each other any more. */
function tie(pair: Pair): void {
  const { client, upstream, up, down } = pair;
  up.pipe(upstream);
  down.pipe(client);
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
  }
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => {
    if (!pair.orphaned) client.destroy();
  });
}

/** Each way once: what is tied twice passes everything on twice. */
function flow({ client, upstream, up, down, orphaned }: Pair): void {
  if (orphaned) return;
  client.unpipe(up).pipe(up);
  upstream.unpipe(down).pipe(down);
}

function deafen({ upstream, down, orphaned }: Pair): void {
  if (!orphaned) upstream.unpipe(down).pause();
}

function dam(pair: Pair): void {
  if (!pair.orphaned) pair.client.unpipe(pair.up).pause();
  deafen(pair);
}

function orphan(pair: Pair): void {
  pair.orphaned = true;
  pair.client.unpipe(pair.up).resume();
  pair.upstream.unpipe(pair.down).resume();
}

const change = { open: flow, silent: dam, deaf: deafen };
