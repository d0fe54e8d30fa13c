/** Remembers what was used lately, at most `max` entries. Two generations: when the young one is
 *  full it becomes the old one, and what was not asked for since then is forgotten. No list to
 *  keep in order, no entry to search for: a map from which the eldest is removed one by one gets
 *  slow, since the engine walks over the removed ones. */

export interface Recent<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  size(): number;
}

export function recent<Key, Value>(max: number): Recent<Key, Value> {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();

  function get(key: Key): Value | undefined {
    const value = young.get(key);
    if (value !== undefined) return value;
    const older = old.get(key);
    if (older !== undefined) set(key, older);
    return older;
  }

  function set(key: Key, value: Value): void {
    if (young.size >= max / 2 && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  }

  return { get, set, size: () => young.size + old.size };
}
