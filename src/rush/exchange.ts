/** One request and what became of it: the only thing the load's sources, the pool and its
 *  connections share. */
import type { HttpResponse } from "./response.ts";

/** Why no answer came. Whether the server acted on the request is unknown, unless it is
 *  `unsent`. */
export type LossReason = "unsent" | "closed" | "timeout" | "malformed";

/** A request's bytes are `bytes[start, start + length)`, so that many requests can live in one
 *  buffer. The callbacks run once, synchronously, when the connection is free again; the response
 *  is only valid inside the call. */
export interface Exchange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
  onAnswer(response: HttpResponse): void;
  onLost(reason: LossReason): void;
}

export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

export function endpointOf(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  return { hostname, port: port === "" ? defaultPort(protocol) : Number(port) };
}

function defaultPort(protocol: string): number {
  if (protocol !== "http:") throw new Error(`${protocol} is not supported: use an http:// address`);
  return 80;
}
