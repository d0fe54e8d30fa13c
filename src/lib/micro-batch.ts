/** Natural batching: items that arrive while a batch is in flight form the next one. No timer, so
 * an idle system adds no latency; a bounded queue, so an overloaded one says so at once. */
import { assert } from "./assert.ts";
import { err, ok, type Result } from "./result.ts";

export interface MicroBatchOptions<Item, Answer> {
  /** Most items handed to one `run`. */
  readonly batchMax: number;
  /** Most items that may wait; the next one is refused. */
  readonly queueMax: number;
  /** Answers a batch, one answer per item in the same order. A throw fails every item of the
   * batch. */
  run(items: readonly Item[]): Promise<readonly Answer[]>;
  /** Starts the first batch after the current turn of the event loop, so that a burst is one
   * batch. */
  defer?(start: () => void): void;
}

export interface MicroBatch<Item, Answer> {
  /** Resolves with the item's answer, or at once with `overloaded`; rejects if its batch threw. */
  push(item: Item): Promise<Result<Answer, "overloaded">>;
  /** Items waiting or in flight. */
  size(): number;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Result<Answer, "overloaded">) => void;
  readonly reject: (reason: unknown) => void;
}

export function microBatch<Item, Answer>(
  options: MicroBatchOptions<Item, Answer>,
): MicroBatch<Item, Answer> {
  const defer = options.defer ?? ((start: () => void) => void setImmediate(start));
  let queue: Waiting<Item, Answer>[] = [];
  let inFlight = 0;
  let scheduled = false;

  function push(item: Item): Promise<Result<Answer, "overloaded">> {
    if (queue.length >= options.queueMax) return Promise.resolve(err("overloaded"));
    return new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      schedule();
    });
  }

  function schedule(): void {
    if (scheduled || inFlight > 0) return;
    scheduled = true;
    defer(() => {
      scheduled = false;
      void drain();
    });
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.length <= options.batchMax ? queue : queue.slice(0, options.batchMax);
      queue = batch === queue ? [] : queue.slice(options.batchMax);
      inFlight = batch.length;
      await runBatch(batch, options.run);
      inFlight = 0;
    }
  }

  return { push, size: () => queue.length + inFlight };
}

async function runBatch<Item, Answer>(
  batch: readonly Waiting<Item, Answer>[],
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<void> {
  try {
    const answers = await run(batch.map((waiting) => waiting.item));
    assert(answers.length === batch.length, "a batch must answer every item");
    batch.forEach((waiting, at) => {
      waiting.resolve(ok(answers[at] as Answer));
    });
  } catch (reason) {
    for (const waiting of batch) waiting.reject(reason);
  }
}
