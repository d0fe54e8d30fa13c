/** What a sale that is sold under a lock must do, broken one line at a time. */
import type { Mutation } from "./mutation.ts";

const turns = "src/usecases/lock-turns.ts";
const lockedStock = "src/usecases/locked-stock.ts";
const test = "test/unit/usecases-locked.test.ts";

export const locks: readonly Mutation[] = [
  {
    promise: "the token of the lock goes along with every batch",
    file: lockedStock,
    find: "reserve(sale.id, bucket, requests, token)",
    replace: "reserve(sale.id, bucket, requests)",
    test,
    name: "takes nothing, and the same requests are decided under a new one",
  },
  {
    promise: "a lock that has passed on is not used again",
    file: lockedStock,
    find: "      turn.value.forsake();\n",
    replace: "",
    test,
    name: "takes nothing, and the same requests are decided under a new one",
  },
  {
    promise: "a lock that has ended by our own clock is not used",
    file: turns,
    find: "valid: () => open && held.valid()",
    replace: "valid: () => open",
    test,
    name: "by this process's own clock is not used any more",
  },
  {
    promise: "a lock is not passed on while it is in use",
    file: turns,
    find: "if (users === 0) void held.release();",
    replace: "void held.release();",
    test,
    name: "is not passed on while a batch is being decided",
  },
  {
    promise: "a turn ends when others wait",
    file: turns,
    find: "needed && !isOver",
    replace: "needed",
    test,
    name: "passes between processes in the order in which they came",
  },
  {
    promise: "a lock that is not needed is given up",
    file: turns,
    find: "    used = false;\n    return was;",
    replace: "    return was;",
    test,
    name: "is given up when it was not used for a while",
  },
  {
    promise: "nobody waits for a lock for long",
    file: turns,
    find: "clock.after(limits.lockWaitMs, ",
    replace: "clock.after(limits.lockWaitMs * 9, ",
    test,
    name: "because another process keeps it, nobody waits for long",
  },
];
