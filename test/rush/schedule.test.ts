// The heap of waiting errands and the bounded queue of waiting exchanges.

import { expect, test } from "bun:test";
import { BoundedQueue } from "../../src/rush/bounded-queue.ts";
import { habitsOf } from "../../src/rush/habits.ts";
import { seededRandom } from "../../src/rush/random.ts";
import { Schedule } from "../../src/rush/schedule.ts";

function takeAllDue<T>(schedule: Schedule<T>, now: number): T[] {
  const taken: T[] = [];
  for (let item = schedule.takeDue(now); item !== undefined; item = schedule.takeDue(now)) {
    taken.push(item);
  }
  return taken;
}

test("items come out in the order of their times, and only once they are due", () => {
  const schedule = new Schedule<number>();
  const random = seededRandom(3);
  const times = Array.from({ length: 1000 }, () => Math.floor(random() * 500));
  for (const at of times) schedule.add(at, at);
  const sorted = [...times].sort((a, b) => a - b);
  const due = sorted.filter((at) => at <= 200);
  expect(takeAllDue(schedule, 200)).toEqual(due);
  expect(schedule.length).toBe(1000 - due.length);
  expect(takeAllDue(schedule, 1000)).toEqual(sorted.filter((at) => at > 200));
});

test("a queue keeps the order, refuses what is above its maximum, and takes more later", () => {
  const queue = new BoundedQueue<number>(3000);
  const numbers = Array.from({ length: 3001 }, (_, number) => number);
  expect(numbers.map((number) => queue.push(number)).lastIndexOf(true)).toBe(2999);
  expect(Array.from({ length: 2000 }, () => queue.shift())).toEqual(numbers.slice(0, 2000));
  expect(queue.length).toBe(1000);
  expect(queue.push(7)).toBe(true);
  expect(queue.peek()).toBe(2000);
});

test("the same seed gives the same crowd, another seed another", () => {
  const crowd = (seed: number) =>
    Array.from({ length: 1000 }, (_, buyer) =>
      habitsOf(buyer, { seed, retryShare: 0.5, greedyShare: 0.5 }),
    );
  expect(crowd(1)).toEqual(crowd(1));
  expect(crowd(1)).not.toEqual(crowd(2));
});

test("as many insist and grab as the shares say, half of them at once", () => {
  const shares = { seed: 5, retryShare: 0.2, greedyShare: 0.1 };
  const habits = Array.from({ length: 10_000 }, (_, buyer) => habitsOf(buyer, shares));
  const share = (count: number) => count / habits.length;
  const insisting = (moment: string) => habits.filter(({ repeats }) => repeats === moment).length;
  const grabbing = (moment: string) => habits.filter(({ grabs }) => grabs === moment).length;
  for (const moment of ["at-once", "afterwards"]) {
    expect(Math.abs(share(insisting(moment)) - 0.1)).toBeLessThan(0.015);
    expect(Math.abs(share(grabbing(moment)) - 0.05)).toBeLessThan(0.015);
  }
  expect(habitsOf(3, { seed: 5, retryShare: 0, greedyShare: 1 })).toMatchObject({
    repeats: "never",
    grabs: expect.not.stringContaining("never"),
  });
});
