/** Tells when keys are deleted. A watch goes on from the revision where it began when the stream
 *  was lost, so nothing is missed; if that revision has been compacted away, its waiter is woken to
 *  look for himself. */
import { base64, type EtcdClient } from "./client.ts";
import { type WatchMessage, watchStream } from "./watch-stream.ts";

export interface Deletions {
  /** Resolves when the key was deleted at `from` or later, or when it is time to look at it again;
   * also when `signal` is aborted. */
  deleted(key: string, from: bigint, signal: AbortSignal): Promise<void>;
  /** Delete events that were delivered here. */
  events(): number;
  close(): void;
}

interface Watch {
  readonly key: string;
  readonly from: bigint;
  readonly wake: () => void;
}

export function deletions(client: EtcdClient): Deletions {
  const watches = new Map<string, Watch>();
  const needed = () => watches.size > 0;
  const opened = () => watches.forEach(begin);
  const stream = watchStream({ client, needed, opened, heard });
  let nextId = 1;
  let events = 0;

  function deleted(key: string, from: bigint, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const id = String(nextId);
      nextId += 1;
      const wake = () => {
        signal.removeEventListener("abort", wake);
        if (watches.delete(id)) stream.send({ cancel_request: { watch_id: id } });
        resolve();
      };
      signal.addEventListener("abort", wake);
      const watch = { key, from, wake };
      watches.set(id, watch);
      begin(watch, id);
    });
  }

  function begin({ key, from }: Watch, id: string): void {
    const range = { key: base64(key), start_revision: String(from), filters: ["NOPUT"] };
    stream.send({ create_request: { ...range, watch_id: id } });
  }

  /** A cancelled watch was compacted or refused: its waiter looks for himself. */
  function heard({ result }: WatchMessage): void {
    const told = result?.events?.length ?? 0;
    events += told;
    if (told > 0 || result?.canceled) watches.get(result?.watch_id ?? "")?.wake();
  }

  function close(): void {
    for (const { wake } of watches.values()) wake();
    stream.close();
  }

  return { deleted, events: () => events, close };
}
