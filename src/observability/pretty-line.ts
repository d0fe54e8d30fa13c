/** One log event as one line for people: the time of day, the level, the event, its fields. */

export interface PrettyOptions {
  readonly colours: boolean;
  readonly stacks: boolean;
}

/** Turns a line of JSON into a line to read; what is not an event stays as it is. */
export function prettyLine(json: string, options: PrettyOptions): string {
  const event = parseEvent(json);
  if (event === null) return json;
  const { time, level, msg, pid: _pid, err, ...fields } = event;
  const paint = options.colours ? coloursOf(String(level)) : ["", ""];
  const head = `${String(time).slice(11, 23)} ${paint[0]}${label(level)}${paint[1]} ${text(msg)}`;
  const details = Object.entries(fields).map(([key, value]) => `${key}=${text(value)}`);
  const line = [head, ...details, ...errorText(err, options.stacks)].join("  ");
  return `${line}\n`;
}

function parseEvent(json: string): Record<string, unknown> | null {
  try {
    const event: unknown = JSON.parse(json);
    return typeof event === "object" && event !== null ? { ...event } : null;
  } catch {
    return null;
  }
}

function label(level: unknown): string {
  return String(level).toUpperCase().padEnd(5);
}

function errorText(error: unknown, stacks: boolean): string[] {
  if (typeof error !== "object" || error === null) return [];
  const { message, stack }: { message?: unknown; stack?: unknown } = error;
  const line = `error=${text(message)}`;
  return stacks && typeof stack === "string" ? [`${line}\n${stack}`] : [line];
}

/** Control characters would let a field forge a line or steer the terminal. */
function text(value: unknown): string {
  if (value === undefined) return "";
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  return plain.replaceAll(controls, escaped);
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

function coloursOf(level: string): readonly [string, string] {
  const code = codes[level] ?? "2";
  return [`\u001b[${code}m`, "\u001b[0m"];
}

const codes: Record<string, string> = {
  fatal: "31;1",
  error: "31",
  warn: "33",
  info: "32",
  debug: "36",
};
