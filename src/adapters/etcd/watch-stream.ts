/** The stream that all watches of a process share: the gateway's WebSocket, on which they are made
 *  and ended by messages. One that breaks is opened anew as long as it is needed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EtcdClient } from "./client.ts";

export interface WatchStream {
  /** False if there is no stream just now; one is being opened then, if it is needed. */
  send(message: object): boolean;
  close(): void;
}

export interface WatchStreamOptions {
  readonly client: Pick<EtcdClient, "stream" | "turnAway">;
  readonly needed: () => boolean;
  /** A stream is there: every watch must be made on it. */
  readonly opened: () => void;
  readonly heard: (message: WatchMessage) => void;
}

export interface WatchMessage {
  readonly result?: {
    readonly watch_id?: string;
    readonly canceled?: boolean;
    readonly events?: readonly unknown[];
  };
  readonly error?: unknown;
}

const reopenMs = 200;

export function watchStream({ client, needed, opened, heard }: WatchStreamOptions): WatchStream {
  let socket: WebSocket | null = null;
  let opening = false;
  let closed = false;

  async function open(): Promise<void> {
    if (opening) return;
    opening = true;
    while (!closed && needed() && socket === null) {
      const made = await connected();
      // It may have ended by the time that this goes on.
      socket = made?.readyState === WebSocket.OPEN ? made : null;
      if (socket === null) await sleep(reopenMs);
    }
    opening = false;
    if (socket !== null) opened();
  }

  /** An open stream, or null if there is none to be had just now. */
  async function connected(): Promise<WebSocket | null> {
    try {
      const { url, options } = await client.stream("/v3/watch");
      // Bun takes options where the standard has a list of protocols.
      const made = new WebSocket(url.replace(/^http/, "ws"), options as unknown as string[]);
      made.onerror = () => client.turnAway();
      made.onmessage = ({ data }) => told(made, JSON.parse(String(data)) as WatchMessage);
      return await new Promise((resolve) => {
        made.onopen = () => resolve(made);
        made.onclose = () => {
          resolve(null);
          ended(made);
        };
      });
    } catch {
      return null;
    }
  }

  function told(by: WebSocket, message: WatchMessage): void {
    if (message.error === undefined) heard(message);
    else by.close();
  }

  function ended(which: WebSocket): void {
    if (socket !== which) return;
    socket = null;
    if (needed()) void open();
  }

  function send(message: object): boolean {
    if (socket?.readyState !== WebSocket.OPEN) {
      socket = null;
      if (needed()) void open();
      return false;
    }
    socket.send(JSON.stringify(message));
    return true;
  }

  function close(): void {
    closed = true;
    socket?.close();
  }

  return { send, close };
}
