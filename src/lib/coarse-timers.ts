/** Timers that may be a little late, of which thousands cost as much as one: all that end within
 * the same span share a real one. */

interface TimeSource {
  now(): number;
  after(delayMs: number, task: () => void): () => void;
}

/** Runs `task` once, `delayMs` from now or up to `resolutionMs` later; the function it returns
 * cancels it. */
export function coarseTimers(
  clock: TimeSource,
  resolutionMs: number,
): (delayMs: number, task: () => void) => () => void {
  const spans = new Map<number, Set<() => void>>();

  function tasksOf(span: number, now: number): Set<() => void> {
    const known = spans.get(span);
    if (known !== undefined) return known;
    const tasks = new Set<() => void>();
    spans.set(span, tasks);
    clock.after(span * resolutionMs - now, () => {
      spans.delete(span);
      for (const task of tasks) task();
    });
    return tasks;
  }

  return (delayMs, task) => {
    const now = clock.now();
    const tasks = tasksOf(Math.ceil((now + delayMs) / resolutionMs), now);
    tasks.add(task);
    return () => void tasks.delete(task);
  };
}
