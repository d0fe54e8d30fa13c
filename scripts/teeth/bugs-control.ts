/** Bugs in locks, loads and changes of a sale. */
import type { Bug } from "./bug.ts";

const warmUp = "src/usecases/warm-up.ts";
const prelude = "src/adapters/redis/scripts/prelude.lua";

export const controlBugs: readonly Bug[] = [
  {
    name: "a rebuild does not wait until the log is drained",
    file: warmUp,
    find: "  await deps.log.reached(group, await deps.log.end());\n",
    replace: "",
  },
  {
    name: "a rebuild does not wait for appends under way",
    file: warmUp,
    find: "  await pause(deps.clock, limits.appendDeadlineMs);\n",
    replace: "",
  },
  {
    name: "a load forgets who holds what",
    file: "src/adapters/redis/stock-load.ts",
    find: "if (!(await hold(access, saleId, epoch, settings.buckets, orders))) return stale;",
    replace: "if (orders === undefined) return stale;",
  },
  {
    name: "a failover goes unnoticed",
    file: prelude,
    find: "if loadedUnder ~= incarnation() then return 'Redis",
    replace: "if false then return 'Redis",
  },
  {
    name: "a bucket sells while it is being loaded",
    file: prelude,
    find: "  if sealed then return 'it is being loaded' end\n",
    replace: "",
  },
  {
    name: "older settings overwrite newer ones",
    file: "src/adapters/redis/scripts/configure.lua",
    find: "if not version or version >= tonumber(ARGV[1]) then return 0 end",
    replace: "if not version then return 0 end",
  },
  {
    name: "a change that crosses a load is lost",
    wasThere: true,
    file: "src/adapters/redis/scripts/configure.lua",
    find: "local version = tonumber(h[1] or (h[2] and -1))",
    replace: "local version = tonumber(h[1] or false)",
  },
  {
    name: "a change reaches no bucket if one of them is lost",
    wasThere: true,
    file: "src/adapters/redis/stock-load.ts",
    find: "(bucket) => access.run(scripts.configure, saleId, bucket, args)",
    replace: "(bucket) => bucket > 0 || access.runOnAll(scripts.configure, saleId, args)",
  },
  {
    name: "a retried change is not told to the stock",
    wasThere: true,
    file: "src/usecases/change-sale.ts",
    find: "const updated = decided.value === sale ? decided : ",
    replace: "if (decided.value === sale) return ok(sale);\n  const updated = ",
  },
  {
    name: "a lock counts from when its lease was answered",
    file: "src/adapters/etcd/session.ts",
    find: "      until = left === null ? sentAt : sentAt + left;",
    replace: "      until = left === null ? sentAt : clock.elapsed() + left + 1_500;",
  },
  {
    name: "a waiter does not wait",
    file: "src/adapters/etcd/lease.ts",
    find: '  if (before === undefined) return "none";\n',
    replace: '  if (before !== null) return "none";\n',
  },
  {
    name: "a lock is resumed without asking whether it lives",
    file: "src/adapters/etcd/lease-holder.ts",
    find: "  return succeeded ? header.revision : null;\n",
    replace: "  return succeeded === undefined ? null : header.revision;\n",
  },
  {
    name: "a lock that was resumed is deleted by the process before",
    wasThere: true,
    file: "src/adapters/etcd/key-remover.ts",
    find: "const compare = revision === undefined ? [ours] : [ours, unchanged];",
    replace: "const compare = unchanged.key === undefined ? [] : [ours];",
  },
  {
    name: "a key that was made late blocks its lock",
    wasThere: true,
    file: "src/adapters/etcd/lease.ts",
    find: "    await holder.disown(session, key);",
    replace: "    await holder.discard(session, key);",
  },
  {
    name: "keys of the process before this one block their locks",
    wasThere: true,
    file: "src/adapters/etcd/lease-holder.ts",
    find: "if (under !== undefined) await late.clear(under, isKnown);",
    replace: "if (under === null) await late.clear(under, isKnown);",
  },
  {
    name: "a sale is sold as it was once known to be sold",
    file: "src/usecases/confirmed-modes.ts",
    find: "const isOld = () => clock.elapsed() - confirmedAt > limits.modeConfirmMs;",
    replace: "const isOld = () => false;",
  },
  {
    name: "a sale moves to the ledger before all have heard of it",
    file: "src/usecases/switch-mode.ts",
    find: "    await pause(deps.clock, limits.modeConfirmMs + limits.appendDeadlineMs);\n",
    replace: "",
  },
  {
    name: "a sale moves to the ledger before the log is drained",
    file: "src/usecases/switch-mode.ts",
    find: "    await deps.log.reached(group, await deps.log.end());\n",
    replace: "",
  },
  {
    name: "locked sales are sold without their lock",
    file: "src/usecases/locked-stock.ts",
    find: "deps.stock.reserve(sale.id, bucket, requests, token)",
    replace: "deps.stock.reserve(sale.id, bucket, requests)",
  },
  {
    name: "a lock that comes after another could not be had is kept",
    wasThere: true,
    file: "src/lib/in-parallel.ts",
    find: "await allDone(Array",
    replace: "await Promise.all(Array",
  },
];
