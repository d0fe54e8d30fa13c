/** Traces that nobody listens to cost nothing. */

import { expect, test } from "bun:test";
import { tracingChannel } from "node:diagnostics_channel";
import { mendTracingChannels } from "../../src/lib/tracing-channels.ts";

mendTracingChannels();
mendTracingChannels();

const add = function (this: { readonly base: number }, a: number, b: number) {
  return this.base + a + b;
};

test("a channel says whether anybody listens, to whichever of its events", () => {
  const channel = tracingChannel("test:asked");
  expect(channel.hasSubscribers).toBe(false);
  const heard = () => undefined;
  channel.asyncEnd.subscribe(heard);
  expect(channel.hasSubscribers).toBe(true);
  channel.asyncEnd.unsubscribe(heard);
  expect(channel.hasSubscribers).toBe(false);
});

test("what nobody listens to is just called", async () => {
  const channel = tracingChannel("test:unheard");
  const on = { base: 100 };
  expect(channel.traceSync(add, {}, on, 1, 2)).toBe(103);
  const later = async function (this: typeof on, a: number) {
    return this.base + a;
  };
  expect(await channel.tracePromise(later, {}, on, 1)).toBe(101);
  const answered = await new Promise((resolve) => {
    const ask = function (this: typeof on, a: number, answer: (sum: number) => void) {
      answer(this.base + a);
    };
    channel.traceCallback(ask, 1, {}, on, 5, resolve);
  });
  expect(answered).toBe(105);
});

test("what somebody listens to is told", () => {
  const channel = tracingChannel("test:heard");
  const told: unknown[] = [];
  channel.start.subscribe((context) => told.push(context));
  expect(channel.traceSync(add, { what: "a sum" }, { base: 1 }, 1, 1)).toBe(3);
  expect(told).toMatchObject([{ what: "a sum" }]);
});
