// Which states a sale may have been in, and must have been in, by the calls of its admin alone.

import type { AdminAction, AdminCall } from "./history.ts";
import { lateEffectMs } from "./holds.ts";

/** A change is promised to hold within a second on every node. */
const liveWithinMs = 1_000;

export interface SaleStates {
  mayBe(state: "not-open" | "paused" | "ended", from: number, to: number): boolean;
  /** Paused or ended from one moment to another, whatever became of the calls. */
  mustBeShut(from: number, to: number): boolean;
}

interface Effect {
  readonly action: AdminAction;
  readonly done: boolean;
  /** It took place in between. */
  readonly from: number;
  readonly to: number;
}

const reopens: readonly AdminAction[] = ["resume", "open"];

export function saleStates(calls: readonly AdminCall[]): SaleStates {
  const effects = calls.filter(({ outcome }) => outcome !== "refused").map(effectOf);
  const of = (...actions: readonly AdminAction[]) =>
    effects.filter(({ action }) => actions.includes(action));

  /** Something else took place after it for certain, and long enough before. */
  const isOver = ({ to }: Effect, by: readonly AdminAction[], before: number) =>
    of(...by).some((later) => later.done && later.from >= to && later.to + liveWithinMs <= before);

  return {
    mayBe: (state, from, to) => {
      if (state === "ended") return of("close").some((close) => close.from <= to);
      if (state === "not-open") {
        return !of("open").some((open) => open.done && open.to + liveWithinMs <= from);
      }
      const pauses = of("pause").filter((pause) => pause.from <= to);
      return pauses.some((pause) => !isOver(pause, ["resume", "close"], from));
    },
    mustBeShut: (from, to) => {
      const shuts = of("pause", "close").filter(
        (shut) => shut.done && shut.to + liveWithinMs <= from,
      );
      return shuts.some(
        (shut) =>
          shut.action === "close" ||
          !of(...reopens).some((open) => open.from <= to && open.to >= shut.from),
      );
    },
  };
}

function effectOf({ action, outcome, calledAt, answeredAt }: AdminCall): Effect {
  const done = outcome === "done";
  return { action, done, from: calledAt, to: done ? answeredAt : calledAt + lateEffectMs };
}
