/** First in, first out, up to a maximum: taking from the front costs nothing, however long the
 *  queue is. */

const COMPACT_AT = 1024;

export class BoundedQueue<T> {
  private readonly max: number;
  private items: T[] = [];
  private first = 0;

  constructor(max: number) {
    this.max = max;
  }

  get length(): number {
    return this.items.length - this.first;
  }

  /** False if the queue is full. */
  push(item: T): boolean {
    if (this.length >= this.max) return false;
    this.items.push(item);
    return true;
  }

  peek(): T | undefined {
    return this.items[this.first];
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.first];
    this.first += 1;
    if (this.first === COMPACT_AT) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return item;
  }
}
