/** Logs to stderr, one event a line: JSON by default, or a line for people on a terminal. Written
 *  synchronously, so that the last words of a crash are read. What looks like a token or is a known
 *  secret is cut out of every line. */
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { prettyLine } from "./pretty-line.ts";

/** `log.info({ saleId }, "what happened")`: fields first, then the event in words. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  /** `auto` is pretty on a terminal, else JSON. */
  readonly format: "auto" | "json" | "pretty";
  /** Values that must never be shown. */
  readonly secrets?: readonly string[];
}

/** Where lines go; stderr unless a test listens. */
export interface LogOutput extends DestinationStream {
  readonly isTerminal: boolean;
  readonly colours: boolean;
  /** Whether stack traces are shown in lines for people. */
  readonly stacks: boolean;
}

export function createLogger(options: LoggerOptions, output: LogOutput = standardError()): Logger {
  const pretty = options.format === "pretty" || (options.format === "auto" && output.isTerminal);
  const stream: DestinationStream = {
    write(line) {
      const safe = redact(line, options.secrets ?? []);
      output.write(pretty ? prettyLine(safe, output) : safe);
    },
  };
  return pino(settings(options.level), stream);
}

/** The line without tokens and without the given secrets. */
export function redact(line: string, secrets: readonly string[]): string {
  const written = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const without = written.reduce((text, secret) => text.replaceAll(secret, censor), line);
  return without.replaceAll(jsonWebToken, censor);
}

const censor = "[redacted]";
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;
const sensitive = ["token", "secret", "password", "authorization", "cookie"];

function settings(level: LoggerOptions["level"]) {
  return {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: sensitive.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor },
  };
}

function standardError(): LogOutput {
  const stream = pino.destination({ dest: 2, sync: true });
  return {
    write: (line) => void stream.write(line),
    isTerminal: process.stderr.isTTY === true,
    colours: process.stderr.isTTY === true && !process.env.NO_COLOR,
    stacks: process.env.DOORBUSTER_DEBUG === "1",
  };
}
