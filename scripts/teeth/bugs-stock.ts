/** Bugs in how units are taken and given back. */
import type { Bug } from "./bug.ts";

const reserve = "src/adapters/redis/scripts/reserve.lua";
const scripts = "src/adapters/redis/scripts";

export const stockBugs: readonly Bug[] = [
  {
    name: "a reservation is not marked as pending",
    file: reserve,
    find: "  call('HSET', pendingKey, unpack(marks))\n",
    replace: "",
  },
  {
    name: "a reservation is never due for a sweep",
    file: reserve,
    find: "  call('ZADD', dueKey, at, marks[1] .. packBytes('>I2B', taken, 0))\n",
    replace: "",
  },
  {
    name: "one unit too many is taken",
    file: reserve,
    find: "elseif quantity > remaining then",
    replace: "elseif quantity > remaining + 1 then",
  },
  {
    name: "a buyer's limit is off by one",
    file: reserve,
    find: "elseif held + quantity > limit then",
    replace: "elseif held + quantity > limit + 1 then",
  },
  {
    name: "a known request key is taken again",
    file: reserve,
    find: "    if sub(page, at + 12, at + 21) == sub(asked, 13, 22) then",
    replace: "    if false then",
  },
  {
    name: "a known order is said to be in the ledger",
    file: reserve,
    find: "(isPending(mark) and '1' or '0')",
    replace: "'0'",
  },
  {
    name: "the fence is forgotten",
    file: reserve,
    find: "if token and token < fence then return {-1} end",
    replace: "",
  },
  {
    name: "a sale is sold past its end",
    file: reserve,
    find: "or (ends and at >= ends)",
    replace: "or (ends and at >= ends + 1000)",
  },
  {
    name: "a restock is counted twice",
    file: `${scripts}/restock.lua`,
    find: "if redis.call('HSETNX', stock, 'restock:' .. ARGV[2], ARGV[1]) == 0 then return 0 end",
    replace: "redis.call('HSETNX', stock, 'restock:' .. ARGV[2], ARGV[1])",
  },
  {
    name: "a restock that a load has counted is counted again",
    file: `${scripts}/restock.lua`,
    find: "if tonumber(ARGV[2]) <= tonumber(loaded[1] or -1) then return 0 end",
    replace: "",
  },
  {
    name: "a restock during a load is lost",
    file: `${scripts}/load.lua`,
    find: "  if version and version > loadedVersion then",
    replace: "  if false then",
  },
  {
    name: "a transfer arrives twice",
    file: `${scripts}/receive.lua`,
    find: "if tonumber(h[4] or 0) >= tonumber(ARGV[3]) then return 1 end",
    replace: "",
  },
  {
    name: "a transfer leaves no note",
    file: `${scripts}/send.lua`,
    find: "  'out:' .. to, number .. ':' .. units)",
    replace: "  'last', units)",
  },
  {
    name: "a transfer is forgotten before it has arrived",
    file: "src/adapters/redis/stock-transfer.ts",
    find: "    const isThere = await access.run(scripts.receive, saleId, to, arrival);\n",
    replace:
      "    const gone = [transfer.epoch, to, number, moved];\n" +
      "    await access.run(scripts.arrived, saleId, from, gone);\n" +
      "    const isThere = await access.run(scripts.receive, saleId, to, arrival);\n",
  },
  {
    name: "sold out is said after one look at the buckets",
    file: "src/usecases/refill-bucket.ts",
    find: 'if (last !== null && unchanged(last, levels)) return "sold-out";',
    replace: 'return "sold-out";',
  },
  {
    name: "sold out is said of one bucket",
    file: "src/usecases/purchase-batches.ts",
    find: "  if (!asked.others) return decisions;\n",
    replace: "  if (asked.saleId !== undefined) return decisions;\n",
  },
  {
    name: "a stale sold-out flag is trusted",
    file: "src/usecases/purchase-batches.ts",
    find: "  const answer = await reserve(requests);\n",
    replace: `  const flagged = gone.has(reserve);
  const answer = await reserve(requests);
  if (answer.ok && answer.value.outcomes.some((one) => one.kind === "sold-out")) gone.add(reserve);
  if (flagged) return requests.map(() => ok({ kind: "sold-out" }));
`,
    also: [
      {
        find: "const overloaded = {",
        replace: "const gone = new WeakSet();\nconst overloaded = {",
      },
    ],
  },
  {
    name: "answers go to the wrong requests",
    file: "src/lib/micro-batch.ts",
    find: "waiting.resolve(ok(answers[at] as Answer));",
    replace: "waiting.resolve(ok(answers[answers.length - 1 - at] as Answer));",
  },
];
