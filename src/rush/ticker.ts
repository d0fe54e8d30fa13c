/** Calls the open loop often enough that what is due goes out on time. Latency counts from the
 *  intended time, so a late tick shows in the figures instead of hiding in them. */

export type Pace =
  /** About a millisecond between ticks: leaves the processor to the server. */
  | "relaxed"
  /** Every turn of the event loop: for a load generator with a core of its own. */
  | "spinning";

/** Returns what stops it. */
export function startTicker(tick: () => void, pace: Pace): () => void {
  return pace === "relaxed" ? tickByTimer(tick) : tickByTurn(tick);
}

function tickByTimer(tick: () => void): () => void {
  const timer = setInterval(tick, 1);
  return () => clearInterval(timer);
}

function tickByTurn(tick: () => void): () => void {
  let stopped = false;
  const turn = () => {
    if (stopped) return;
    tick();
    setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    stopped = true;
  };
}
