import { allDone } from "./all-done.ts";

/** Runs one asynchronous task per item, at most `width` at a time; results keep the items'
 *  order. Throws the first failure once no task is under way any more. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await task(item);
  };
  await allDone(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
