// Slows a server of our own down to a share of its speed: again and again it is stopped for a
// while.

export interface ThrottleOrder {
  readonly pid: number;
  readonly share: number;
  readonly periodMs: number;
  /** One number: 0 until it is over. */
  readonly over: SharedArrayBuffer;
}

/** Resolves once it is slow. What it resolves with ends that, and resolves with the server at full
 *  speed. */
export async function throttle(order: Omit<ThrottleOrder, "over">): Promise<() => Promise<void>> {
  const worker = new Worker(new URL("./throttle-worker.ts", import.meta.url).href);
  const over = new SharedArrayBuffer(4);
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  worker.onmessage = ({ data }) => (data === "begun" ? begun : ended).resolve();
  worker.postMessage({ ...order, over } satisfies ThrottleOrder);
  await begun.promise;
  return async () => {
    Atomics.store(new Int32Array(over), 0, 1);
    Atomics.notify(new Int32Array(over), 0);
    await ended.promise;
    worker.terminate();
  };
}
