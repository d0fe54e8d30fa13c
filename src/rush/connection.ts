/** One keep-alive connection that carries one exchange at a time (no pipelining, as a browser or a
 *  proxy would). It comes back by itself when the server closes it or dies; what was in flight then
 *  is lost, and its sender is told so. */
import type { Socket } from "bun";
import type { Endpoint, Exchange, LossReason } from "./exchange.ts";
import { readResponse } from "./response.ts";

const RECONNECT_FIRST_MS = 10;
const RECONNECT_MOST_MS = 200;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

export interface ConnectionOwner {
  /** The connection can take an exchange; called before the finished one's callbacks. */
  onFree(connection: Connection): void;
  onOpen(): void;
}

export class Connection {
  private readonly endpoint: Endpoint;
  private readonly owner: ConnectionOwner;
  private socket: Socket<Connection> | undefined;
  private exchange: Exchange | undefined;
  private deadlineAt = 0;
  /** How much of the request the socket has taken; the rest goes out when it drains. */
  private written = 0;
  private received: Uint8Array | undefined;
  private reconnectMs = RECONNECT_FIRST_MS;
  private reconnecting: Timer | undefined;
  private closing = false;
  /** The owner's mark: it has this connection in its list of free ones. */
  listed = false;

  constructor(endpoint: Endpoint, owner: ConnectionOwner) {
    this.endpoint = endpoint;
    this.owner = owner;
    this.connect();
  }

  get ready(): boolean {
    return this.socket !== undefined && this.exchange === undefined;
  }

  send(exchange: Exchange, deadlineAt: number): void {
    this.exchange = exchange;
    this.deadlineAt = deadlineAt;
    this.written = 0;
    this.writeRest();
  }

  /** Gives up on an exchange that is past its deadline; the connection starts afresh, as a late
   *  answer would be misread. */
  expire(now: number): void {
    if (this.exchange !== undefined && now > this.deadlineAt) this.drop("timeout");
  }

  close(): void {
    this.closing = true;
    clearTimeout(this.reconnecting);
    this.drop("closed");
  }

  private connect(): void {
    const socket = Bun.connect<Connection>({ ...this.endpoint, data: this, socket: handlers });
    socket.catch(() => this.reconnect());
  }

  opened(socket: Socket<Connection>): void {
    if (this.closing) {
      socket.terminate();
      return;
    }
    socket.setNoDelay(true);
    this.socket = socket;
    this.reconnectMs = RECONNECT_FIRST_MS;
    this.owner.onOpen();
    this.owner.onFree(this);
  }

  writeRest(): void {
    const { exchange, socket } = this;
    if (exchange === undefined || socket === undefined || this.written === exchange.length) return;
    const from = exchange.start + this.written;
    const taken = socket.write(exchange.bytes, from, exchange.length - this.written);
    if (taken < 0) this.drop("closed");
    else this.written += taken;
  }

  receive(bytes: Uint8Array): void {
    const all = this.received === undefined ? bytes : Buffer.concat([this.received, bytes]);
    const reading = readResponse(all);
    if (reading === "incomplete" && all.length <= MAX_RESPONSE_BYTES) {
      this.received = all;
      return;
    }
    const { exchange } = this;
    if (typeof reading === "string" || exchange === undefined || reading.end !== all.length) {
      this.drop("malformed");
      return;
    }
    this.exchange = undefined;
    this.received = undefined;
    if (reading.closes) this.disconnect();
    else this.owner.onFree(this);
    exchange.onAnswer(reading);
  }

  /** The server closed the socket or died. A socket that we let go of ourselves is of no interest
   *  any more. */
  ended(socket: Socket<Connection>): void {
    if (this.socket === socket) this.drop("closed");
  }

  private drop(reason: LossReason): void {
    const { exchange } = this;
    this.exchange = undefined;
    this.disconnect();
    exchange?.onLost(reason);
  }

  private disconnect(): void {
    const { socket } = this;
    this.socket = undefined;
    this.received = undefined;
    socket?.terminate();
    this.reconnect();
  }

  private reconnect(): void {
    if (this.closing || this.reconnecting !== undefined) return;
    this.reconnecting = setTimeout(() => {
      this.reconnecting = undefined;
      if (!this.closing) this.connect();
    }, this.reconnectMs);
    this.reconnectMs = Math.min(RECONNECT_MOST_MS, this.reconnectMs * 2);
  }
}

const handlers = {
  open: (socket: Socket<Connection>) => socket.data.opened(socket),
  data: (socket: Socket<Connection>, bytes: Buffer) => socket.data.receive(bytes),
  drain: (socket: Socket<Connection>) => socket.data.writeRest(),
  close: (socket: Socket<Connection>) => socket.data.ended(socket),
  error: (socket: Socket<Connection>) => socket.data.ended(socket),
};
