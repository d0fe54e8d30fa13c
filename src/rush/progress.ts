/** One line on the terminal that tells how the rush goes; nothing at all where nobody watches. */
import type { Tally } from "./tally.ts";

const EVERY_MS = 200;
const ERASE_LINE = "\r\u001b[2K";

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Returns what stops it and clears the line. */
export function startProgress(
  tally: Tally,
  waiting: () => number,
  screen: Screen = process.stderr,
): () => void {
  if (screen.isTTY !== true) return () => {};
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - startedAt) / 1000;
    screen.write(ERASE_LINE + progressLine(tally, waiting(), seconds));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    screen.write(ERASE_LINE);
  };
}

export function progressLine(tally: Tally, waiting: number, seconds: number): string {
  const parts = [
    `${seconds.toFixed(1)} s`,
    `${tally.sent} sent`,
    `${tally.orders} accepted`,
    `${tally.soldOut} sold out`,
    `${tally.rateLimited} × 429`,
    `${waiting} waiting`,
  ];
  if (tally.drops > 0) parts.push(`${tally.drops} dropped`);
  if (tally.lost > 0) parts.push(`${tally.lost} lost`);
  return `rush  ${parts.join("  ")}`;
}
