// Logs: one event a line, readable, and without anything that must not be read.

import { describe, expect, test } from "bun:test";
import {
  createLogger,
  type LoggerOptions,
  type LogOutput,
} from "../../src/observability/logger.ts";

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
const secret = 'a-secret-with-"quotes"-of-32-bytes!';

function listen(options: Partial<LoggerOptions>, output: Partial<LogOutput> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const to = { write, isTerminal: false, colours: false, stacks: false, ...output };
  const log = createLogger({ level: "debug", format: "auto", secrets: [secret], ...options }, to);
  return { log, lines };
}

describe("JSON", () => {
  test("an event is one line with its level, an ISO time and its fields", () => {
    const { log, lines } = listen({});
    log.info({ saleId: "s1" }, "a sale\nwas opened");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    const event = JSON.parse(lines[0] ?? "");
    expect(event).toMatchObject({ level: "info", saleId: "s1", msg: "a sale\nwas opened" });
    expect(new Date(event.time).toISOString()).toBe(event.time);
  });

  test("events below the level are not written", () => {
    const { log, lines } = listen({ level: "warn" });
    log.info("not this");
    log.warn("but this");
    expect(lines).toHaveLength(1);
  });
});

describe.each(["json", "pretty"] as const)("redaction in %s", (format) => {
  test("tokens and secrets are cut out, wherever they are", () => {
    const { log, lines } = listen({ format });
    log.info({ authorization: "Basic abc", deep: { er: { token: "opaque" } } }, `for ${token}`);
    log.error({ err: new Error(`could not use ${secret} and ${token}`) }, "failed");
    log.child({ password: "open sesame" }).warn({ list: [token] }, "careful");
    const text = lines.join("");
    for (const hidden of [token, "a-secret-with", "Basic abc", "opaque", "open sesame"]) {
      expect(text).not.toContain(hidden);
    }
    expect(text).toContain("[redacted]");
  });
});

describe("lines for people", () => {
  test("a terminal gets the time of day, the level, the event and its fields", () => {
    const { log, lines } = listen({}, { isTerminal: true });
    log.info({ saleId: "s1", units: 3 }, "restocked");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}restocked {2}saleId=s1 {2}units=3\n$/);
  });

  test("an error is its message, and its stack only when asked for", () => {
    const { log, lines } = listen({ format: "pretty" });
    log.error({ err: new Error("the disk is full") }, "cannot append");
    expect(lines[0]).toEndWith("cannot append  error=the disk is full\n");
    const debugging = listen({ format: "pretty" }, { stacks: true });
    debugging.log.error({ err: new Error("the disk is full") }, "cannot append");
    expect(debugging.lines[0]).toContain("logger.test.ts");
  });

  test("a field cannot start a line of its own or steer the terminal", () => {
    const { log, lines } = listen({ format: "pretty" });
    log.info({ name: "a\nFATAL forged\u001b[2J\u009b" }, "named\r\n");
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
    expect(lines[0]).toContain("a\\nFATAL forged\\u001b[2J\\u009b");
  });

  test("colours are for terminals that want them", () => {
    const coloured = listen({ format: "pretty" }, { colours: true });
    coloured.log.warn("careful");
    expect(coloured.lines[0]).toContain("\u001b[33mWARN \u001b[0m");
  });
});
