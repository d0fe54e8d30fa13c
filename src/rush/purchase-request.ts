/** The bytes of a purchase as a client would send them, built once and sent as often as the buyer
 *  tries. */
import type { Endpoint } from "./exchange.ts";

export interface PurchaseRequest {
  readonly endpoint: Endpoint;
  readonly saleId: string;
  readonly token: string;
  readonly key: string;
  readonly quantity: number;
}

export function purchaseRequest(request: PurchaseRequest): string {
  const { endpoint, saleId, token, key, quantity } = request;
  const body = `{"quantity":${quantity}}`;
  return (
    `POST /v1/sales/${saleId}/orders HTTP/1.1\r\n` +
    `Host: ${endpoint.hostname}:${endpoint.port}\r\n` +
    `Authorization: Bearer ${token}\r\n` +
    "Content-Type: application/json\r\n" +
    `Idempotency-Key: ${key}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

export function readRequest(endpoint: Endpoint, path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${endpoint.hostname}:${endpoint.port}\r\n\r\n`;
}
