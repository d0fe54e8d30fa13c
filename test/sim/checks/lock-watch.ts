/** Whoever holds a lock holds it alone, and later holders have higher tokens. */
import type { Held, Lease } from "../../../src/ports/lease.ts";
import type { Life } from "../engine/host.ts";

export interface LockWatch {
  /** The same lease, watched. */
  exclusive(life: Life, lease: Lease): Lease;
}

interface Holder {
  readonly life: Life;
  readonly held: Held;
}

export function lockWatch(violated: (promise: string, detail: string) => void): LockWatch {
  const holders = new Map<string, Holder[]>();
  const highest = new Map<string, number>();

  function claimed(life: Life, held: Held): void {
    const { name, token } = held;
    const others = (holders.get(name) ?? []).filter((one) => one.life.alive() && one.held.valid());
    for (const other of others) {
      const both = `${other.life.host.name} (${other.held.token}) and ${life.host.name} (${token})`;
      violated("a lock has one holder", `${name}: ${both}`);
    }
    const before = highest.get(name) ?? 0;
    if (held.resumed ? token < before : token <= before) {
      violated("tokens grow", `${name}: ${token} after ${before}`);
    }
    highest.set(name, Math.max(before, token));
    holders.set(name, [...others, { life, held }]);
  }

  return {
    exclusive: (life, lease) => ({
      ...lease,
      acquire: async (name, options) => {
        const got = await lease.acquire(name, options);
        if (got.ok && got.value.valid()) claimed(life, got.value);
        return got;
      },
    }),
  };
}
