/** "Did you mean": the name that takes the fewest keystrokes to reach (Levenshtein 1966), if it
 *  takes few enough. */

export function nearest(name: string, known: readonly string[]): string | null {
  const within = Math.ceil(name.length / 3);
  const ranked = known
    .map((candidate) => ({ candidate, steps: editDistance(fold(name), fold(candidate)) }))
    .filter(({ steps }) => steps <= within)
    .sort((a, b) => a.steps - b.steps);
  return ranked[0]?.candidate ?? null;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...from].entries()) row = nextRow(row, at + 1, letter, to);
  return row.at(-1) ?? 0;
}

function nextRow(above: readonly number[], first: number, letter: string, to: string): number[] {
  const row = [first];
  for (const [at, other] of [...to].entries()) {
    const replaced = (above[at] ?? 0) + (letter === other ? 0 : 1);
    row.push(Math.min(replaced, (above[at + 1] ?? 0) + 1, (row[at] ?? 0) + 1));
  }
  return row;
}
