// A TCP proxy on loopback that can be told where to lead, to break, and to swallow everything: what
// a network does between a client and a server.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** `open` passes on; `silent` takes connections and passes nothing on, in either direction, as if
 *  packets were lost; `deaf` passes questions on and no answers, and takes nobody new; `refusing`
 *  breaks what is open and what comes. */
export type ProxyBehaviour = "open" | "silent" | "deaf" | "refusing";

export interface TcpProxy {
  readonly port: number;
  /** Where new connections lead from now on; those that are open are broken. */
  lead(port: number): void;
  behave(how: ProxyBehaviour): void;
  close(): void;
}

export async function tcpProxy(to: number): Promise<TcpProxy> {
  let target = to;
  let how: ProxyBehaviour = "open";
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((client) => {
    if (how === "refusing" || how === "deaf") return void client.resetAndDestroy();
    const upstream = connect({ host: "127.0.0.1", port: target });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, other] of [pair, [upstream, client] as const]) {
      from.setNoDelay(true);
      from.on("error", () => from.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    if (how === "open") flow(pair);
  });

  function flow([client, upstream]: readonly [Socket, Socket]): void {
    client.pipe(upstream);
    upstream.pipe(client);
  }

  function deafen([client, upstream]: readonly [Socket, Socket]): void {
    upstream.unpipe(client).pause();
  }

  function dam([client, upstream]: readonly [Socket, Socket]): void {
    client.unpipe(upstream).pause();
    upstream.unpipe(client).pause();
  }

  function breakAll(): void {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  const change = { open: flow, silent: dam, deaf: deafen };

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
    close: () => {
      server.close();
      breakAll();
    },
  };
}
