/** Things to do at given times, earliest first: a binary heap, because a crowd of waiting buyers
 *  needs one clock, not one timer each. */

interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

export class Schedule<T> {
  private readonly heap: Entry<T>[] = [];

  get length(): number {
    return this.heap.length;
  }

  add(at: number, item: T): void {
    const { heap } = this;
    const entry = { at, item };
    let hole = heap.push(entry) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= at) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** The earliest item that is due, removed; undefined if none is. */
  takeDue(now: number): T | undefined {
    const first = this.heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) this.sink(last);
    return first.item;
  }

  private sink(entry: Entry<T>): void {
    const { heap } = this;
    let hole = 0;
    for (;;) {
      const left = heap[2 * hole + 1];
      const right = heap[2 * hole + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && right.at < left.at;
      const child = useRight ? right : left;
      if (child.at >= entry.at) break;
      heap[hole] = child;
      hole = 2 * hole + (useRight ? 2 : 1);
    }
    heap[hole] = entry;
  }
}
