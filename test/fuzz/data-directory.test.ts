// A data directory cut off or changed anywhere: the engine either has every order that was accepted
// and is still there, or says that the directory is damaged and what to do.

import { describe, expect } from "bun:test";
import fc from "fast-check";
import {
  type Files,
  type Moment,
  type Outcome,
  opened,
  recovered,
  snapshot,
} from "../support/broken-directory.ts";
import { fuzzTest, placesTest } from "../support/fuzz.ts";
import { damages } from "../support/mutations.ts";

const { saleId, crashed, closed, moments } = await snapshot();
const wal = crashed.wal ?? Buffer.alloc(0);
const everything = moments.at(-1)?.accepted ?? [];

describe("the data directory of an engine that was killed", () => {
  const log = { count: wal.length + 1, most: 120 };
  placesTest("works with its write-ahead log cut at any byte", log, async (length) => {
    const outcome = await recovered({ db: crashed.db, wal: wal.subarray(0, length) }, saleId);
    expect(outcome.kind).toBe("works");
    expectOrders(outcome, wholeAt(length));
  });

  const bytes = { count: wal.length, most: 200 };
  placesTest("loses nothing synced to a changed byte of its log", bytes, async (at) => {
    const outcome = await recovered({ db: crashed.db, wal: flipped(wal, at) }, saleId);
    expectOrders(outcome, intactAround(at));
  });

  const database = { count: crashed.db.length, most: 60 };
  placesTest("works or is refused with its database cut", database, async (length) => {
    expectOrders(await recovered({ db: crashed.db.subarray(0, length), wal }, saleId), everything);
  });
});

describe("the data directory of an engine that was stopped", () => {
  const database = { count: closed.db.length - 1, most: 60 };
  placesTest("works or is refused with its database cut", database, async (at) => {
    const db = closed.db.subarray(0, at + 1);
    expectOrders(await recovered({ db, wal: null }, saleId), everything);
  });
});

describe("a database with a changed byte, of which SQLite keeps no checksum,", () => {
  const bytes = { count: closed.db.length, most: 200 };
  placesTest("is opened or refused after a stop", bytes, async (at) => {
    expectAdvice(await recovered({ db: flipped(closed.db, at), wal: null }, saleId));
  });

  placesTest("is opened or refused after a crash", bytes, async (at) => {
    expectAdvice(await recovered({ db: flipped(crashed.db, at % crashed.db.length), wal }, saleId));
  });
});

describe("an engine on a data directory with any damage", () => {
  const file = fc.constantFrom("db", "wal", "closed");
  fuzzTest(
    "starts and answers, or says what to do",
    { runs: 60 },
    fc.tuple(file, damages),
    async ([which, change]) => {
      const files: Record<typeof which, Files> = {
        db: { db: change(crashed.db), wal },
        wal: { db: crashed.db, wal: change(wal) },
        closed: { db: change(closed.db), wal: null },
      };
      expectAdvice(await opened(files[which], saleId));
    },
  );
});

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
  return changed;
}

/** What was accepted when the log was no longer than this. */
function wholeAt(length: number): readonly string[] {
  return moments.findLast(({ walBytes }) => walBytes <= length)?.accepted ?? [];
}

/** All of it, unless the byte is part of the last transaction: a crash could have cut that. */
function intactAround(at: number): readonly string[] {
  const before: Moment | undefined = moments.at(-2);
  return before !== undefined && at >= before.walBytes ? before.accepted : everything;
}

function expectOrders(outcome: Outcome, wanted: readonly string[]): void {
  expectAdvice(outcome);
  if (outcome.kind === "works") expect(outcome.orders).toEqual(expect.arrayContaining([...wanted]));
}

function expectAdvice(outcome: Outcome): void {
  if (outcome.kind === "works") return;
  const { code, help } = outcome.error;
  // The number of its schema may be the very byte that was changed.
  if (code !== "data-dir-newer") expect(code).toBe("data-dir-damaged");
  expect(help).toContain(code === "data-dir-newer" ? "start that version" : "backup");
}
