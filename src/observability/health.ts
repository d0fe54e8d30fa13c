/** Whether the process can do its work: every part that can be unready says so itself, when it
 *  is asked. */

export interface UnreadyPart {
  readonly part: string;
  /** What is wrong, in words. */
  readonly detail: string;
}

export interface Health {
  /** Adds a part; `why` answers null while the part is ready. */
  watch(part: string, why: () => string | null): void;
  /** The parts that are not ready now. */
  unready(): readonly UnreadyPart[];
}

export function createHealth(): Health {
  const parts = new Map<string, () => string | null>();
  return {
    watch: (part, why) => void parts.set(part, why),
    unready: () =>
      [...parts].flatMap(([part, why]) => {
        const detail = why();
        return detail === null ? [] : [{ part, detail }];
      }),
  };
}
