/** Virtual time. What is to happen waits in a heap by its time; between two happenings every
 *  promise that can go on does, so that their order follows from the seed alone. */
import { drainMicrotasks } from "bun:jsc";

export interface Scheduler {
  /** Milliseconds since the run began. */
  now(): number;
  /** Happenings so far. */
  steps(): number;
  after(delayMs: number, run: () => void): () => void;
  /** Goes on until `done`, asked after every happening, or until the time is up; whether it was
   * done. */
  run(untilMs: number, done: () => boolean): boolean;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/** `afterEach` is called after every happening. */
export function scheduler(afterEach: () => void): Scheduler {
  const heap: Happening[] = [];
  let [now, made, steps] = [0, 0, 0];

  function after(delayMs: number, run: () => void): () => void {
    const happening: Happening = { at: now + Math.max(0, delayMs), order: made, run };
    made += 1;
    push(heap, happening);
    return () => {
      happening.run = null;
    };
  }

  function run(untilMs: number, done: () => boolean): boolean {
    drainMicrotasks();
    while (!done()) {
      const next = heap[0];
      if (next === undefined || next.at > untilMs) return false;
      pop(heap);
      if (next.run === null) continue;
      now = next.at;
      steps += 1;
      next.run();
      drainMicrotasks();
      afterEach();
    }
    return true;
  }

  return { now: () => now, steps: () => steps, after, run };
}

const isBefore = (a: Happening, b: Happening) =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Happening[], happening: Happening): void {
  let at = heap.push(happening) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Happening;
    if (!isBefore(happening, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = happening;
}

function pop(heap: Happening[]): void {
  const last = heap.pop() as Happening;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && isBefore(right, heap[child] as Happening)) child += 1;
    const below = heap[child] as Happening;
    if (!isBefore(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
