/** The address that a request came from: that of the connection, unless it is a proxy of ours.
 *  Each proxy adds to the right end of `X-Forwarded-For` who connected to it, so the list is
 *  believed from the right, as far as those are our own. */
import { type IpAddress, networkSet, parseAddress, parseNetwork } from "../lib/ip-network.ts";
import { recent } from "../lib/recent.ts";

/** The address of the connection's other end; null if there is none to be had. */
export type Peer = () => string | null;

export type ClientAddress = (request: Request, peer: Peer) => IpAddress | null;

const rememberedMax = 10_000;

/** The networks have passed the configuration's checks. */
export function clientAddressReader(trustedProxies: readonly string[]): ClientAddress {
  const trusted = networkSet(trustedProxies.flatMap((text) => parseNetwork(text) ?? []));
  const parsed = recent<string, IpAddress | false>(rememberedMax);

  function addressOf(text: string): IpAddress | null {
    const known = parsed.get(text);
    const address = known ?? parseAddress(text) ?? false;
    if (known === undefined) parsed.set(text, address);
    return address || null;
  }

  return (request, peer) => {
    const direct = peer();
    let client = direct === null ? null : addressOf(direct);
    if (client === null || !trusted(client)) return client;
    const hops = (request.headers.get("x-forwarded-for") ?? "").split(",");
    for (const hop of hops.reverse()) {
      const before = addressOf(withoutPort(hop.trim()));
      if (before === null) return client;
      client = before;
      if (!trusted(client)) return client;
    }
    return client;
  };
}

/** Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711. */
function withoutPort(hop: string): string {
  return /^(?:\[(.*)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop)?.slice(1).join("") ?? hop;
}
