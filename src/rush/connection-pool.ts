/** N keep-alive connections behind one bounded queue: what finds no connection and no room is
 *  refused at once, so that the load's source can count it as dropped instead of silently slowing
 *  down. */
import { BoundedQueue } from "./bounded-queue.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { Endpoint, Exchange } from "./exchange.ts";

const SWEEP_MS = 25;

export interface PoolOptions {
  readonly endpoint: Endpoint;
  readonly connections: number;
  /** How many exchanges may wait for a connection. */
  readonly queueMax: number;
  /** How long an answer may take, and how long an exchange may wait for a connection. */
  readonly deadlineMs: number;
}

interface Waiting {
  readonly exchange: Exchange;
  readonly expiresAt: number;
}

export class ConnectionPool implements ConnectionOwner {
  private readonly deadlineMs: number;
  private readonly connections: Connection[];
  private readonly idle: Connection[] = [];
  private readonly waiting: BoundedQueue<Waiting>;
  private readonly sweep: Timer;
  private readonly opened = Promise.withResolvers<void>();
  private opens = 0;

  constructor(options: PoolOptions) {
    this.deadlineMs = options.deadlineMs;
    this.waiting = new BoundedQueue(options.queueMax);
    this.connections = Array.from(
      { length: options.connections },
      () => new Connection(options.endpoint, this),
    );
    this.sweep = setInterval(() => this.expire(performance.now()), SWEEP_MS);
  }

  /** Resolves once as many connections have been opened as the pool has. */
  get ready(): Promise<void> {
    return this.opened.promise;
  }

  /** False if no connection is free and the queue is full: the exchange was not taken. */
  submit(exchange: Exchange, now: number): boolean {
    const expiresAt = now + this.deadlineMs;
    const connection = this.takeIdle();
    if (connection === undefined) return this.waiting.push({ exchange, expiresAt });
    connection.send(exchange, expiresAt);
    return true;
  }

  onOpen(): void {
    this.opens += 1;
    if (this.opens === this.connections.length) this.opened.resolve();
  }

  onFree(connection: Connection): void {
    const next = this.waiting.shift();
    if (next !== undefined) {
      connection.send(next.exchange, performance.now() + this.deadlineMs);
    } else if (!connection.listed) {
      connection.listed = true;
      this.idle.push(connection);
    }
  }

  /** What is in flight or waiting is lost. */
  close(): void {
    clearInterval(this.sweep);
    for (const connection of this.connections) connection.close();
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      next.exchange.onLost("unsent");
    }
  }

  /** A listed connection may have died since: it lists itself again once it is back. */
  private takeIdle(): Connection | undefined {
    for (let found = this.idle.pop(); found !== undefined; found = this.idle.pop()) {
      found.listed = false;
      if (found.ready) return found;
    }
    return undefined;
  }

  private expire(now: number): void {
    for (const connection of this.connections) connection.expire(now);
    for (let next = this.waiting.peek(); next !== undefined; next = this.waiting.peek()) {
      if (next.expiresAt > now) return;
      this.waiting.shift();
      next.exchange.onLost("unsent");
    }
  }
}
