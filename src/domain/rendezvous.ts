/** Who of several should do something, so that each does a fair share and few things move when
 * somebody comes or goes: rendezvous hashing (Thaler and Ravishankar, 1998). */

/** The place of `member` among `members` for this key; 0 is whom the key prefers. */
export function rankOf(member: string, members: readonly string[], key: string): number {
  const own = weightOf(member, key);
  return members.filter((other) => {
    const weight = weightOf(other, key);
    return weight > own || (weight === own && other < member);
  }).length;
}

/** FNV-1a, then mixed (MurmurHash3's finalizer), since names differ only at their ends. */
function weightOf(member: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const letter of `${member} ${key}`) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
