// Requests one after the other on some lanes, at a bounded rate over all of them: as much as the
// server takes of each, until it answers or closes.

import { connect } from "node:net";
import type { AttackTally, AttackTarget } from "./attacks.ts";

export interface Pace {
  readonly lanes: number;
  readonly perSecond: number;
  /** Whether a lane's next request goes the same way. */
  readonly keepsAlive: boolean;
}

export function keepSending(
  target: AttackTarget,
  { lanes, perSecond, keepsAlive }: Pace,
  write: (lane: number) => string | Uint8Array,
): AttackTally {
  const counts: Record<string, number> = { sent: 0, closed: 0 };
  const laneMs = (lanes * 1_000) / perSecond;

  function run(lane: number): void {
    const socket = connect(target.port, target.hostname);
    let sentAt = 0;
    let answered = false;
    const send = () => {
      counts.sent = (counts.sent ?? 0) + 1;
      sentAt = performance.now();
      answered = false;
      socket.write(write(lane));
    };
    const later = (next: () => void) =>
      setTimeout(next, Math.max(0, sentAt + laneMs - performance.now()));
    socket.on("connect", send);
    socket.on("data", (bytes: Buffer) => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.toString("latin1"))?.[1];
      if (answered || status === undefined) return;
      answered = true;
      counts[status] = (counts[status] ?? 0) + 1;
      if (keepsAlive) later(send);
      else socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (!answered) counts.closed = (counts.closed ?? 0) + 1;
      later(() => run(lane));
    });
  }

  for (let lane = 0; lane < lanes; lane += 1) run(lane);
  return { ready: Promise.resolve(), counts: () => counts };
}
