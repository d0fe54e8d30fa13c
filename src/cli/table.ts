/** Aligned columns for people. Widths are those of a terminal, where a Chinese character takes two
 *  columns; nothing that comes from a server can steer the terminal. */

export type Align = "left" | "right";

export interface Column<Row> {
  readonly title: string;
  readonly align?: Align;
  cell(row: Row): string;
}

export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const lines = [columns.map((column) => column.title), ...cells];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at]))));
  return lines.map((line) => formatLine(line, widths, columns)).join("\n");
}

/** `name  value` lines. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)));
  return pairs
    .map(([name, value]) => `${padded(name, width, "left")}  ${printable(value)}`.trimEnd())
    .join("\n");
}

/** The text without control characters. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "�");
}

function formatLine<Row>(
  line: readonly string[],
  widths: readonly number[],
  columns: readonly Column<Row>[],
): string {
  return line
    .map((cell, at) => padded(cell, widths[at] ?? 0, columns[at]?.align ?? "left"))
    .join("  ")
    .trimEnd();
}

function padded(text: string, width: number, align: Align): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "left" ? text + space : space + text;
}

function widthOf(text: string | undefined): number {
  return Bun.stringWidth(text ?? "");
}
