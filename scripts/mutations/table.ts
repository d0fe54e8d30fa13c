/** Deliberate bugs, one line each, and the test that must catch each of them. */
import { adaptive } from "./adaptive.ts";
import { auth } from "./auth.ts";
import { controllers } from "./controllers.ts";
import { locks } from "./locks.ts";
import type { Mutation } from "./mutation.ts";
import { refusals } from "./refusals.ts";

const stock = "src/adapters/embedded/stock-store.ts";
const index = "src/adapters/embedded/order-index.ts";
const repository = "src/adapters/embedded/order-repository.ts";
const database = "src/adapters/embedded/database.ts";
const log = "src/adapters/embedded/order-log.ts";
const reservation = "src/domain/reservation.ts";
const order = "src/domain/order.ts";
const contract = "test/contract/embedded.test.ts";
const rebuilds = "test/unit/usecases-rebuild.test.ts";
const purchases = "test/unit/usecases-purchase.test.ts";
const ledger = "test/unit/usecases-ledger.test.ts";

const neverOversold: readonly Mutation[] = [
  {
    promise: "never oversold: a reservation takes its units",
    file: stock,
    find: "  sale.remaining -= quantity;\n",
    replace: "",
    test: contract,
    name: "takes units until there are none",
  },
  {
    promise: "never oversold: reserving stops at the last unit",
    file: reservation,
    find: "request.quantity > counts.remaining",
    replace: "request.quantity > counts.remaining + 1",
    test: contract,
    name: "takes all units of a request or none",
  },
  {
    promise: "never oversold: the ledger stops at the last unit",
    file: order,
    find: "facts.sold + order.quantity > facts.total",
    replace: "facts.sold + order.quantity > facts.total + 1",
    test: contract,
    name: "refuses what the ledger has no room for",
  },
  {
    promise: "never oversold: a batch sees its own sales",
    file: repository,
    find: "ledger.sold += order.quantity;",
    replace: "ledger.sold += 0;",
    test: contract,
    name: "sells to the last unit and not one more",
  },
  {
    promise: "never oversold: a load takes off what was sold",
    file: stock,
    find: "newest, total - sold, ledgerVersion",
    replace: "newest, total, ledgerVersion",
    test: purchases,
    name: "units come from the ledger",
  },
  {
    promise: "never oversold: a load that was overtaken changes nothing",
    file: stock,
    find: "seal?.epoch !== epoch",
    replace: "seal === undefined",
    test: contract,
    name: "loads nothing that is not sealed under the very epoch",
  },
  {
    promise: "never oversold: nothing is sold while a sale is being rebuilt",
    file: stock,
    find: "if (sale === undefined || sealed.has(saleId))\n",
    replace: "if (sale === undefined)\n",
    test: contract,
    name: "reserves nothing from the seal until a load is complete",
  },
  {
    promise: "never lost: a rebuild waits for the appends under way",
    file: "src/usecases/warm-up.ts",
    find: "  await pause(deps.clock, limits.appendDeadlineMs);\n",
    replace: "",
    test: rebuilds,
    name: "places what was appended after the seal",
  },
  {
    promise: "never lost: a rebuild waits for the ledger",
    file: "src/usecases/warm-up.ts",
    find: "  await deps.log.reached(group, await deps.log.end());\n",
    replace: "",
    test: rebuilds,
    name: "waits for what is under way",
  },
  {
    promise: "never undersold: sold out is said only when two looks agree",
    file: "src/usecases/refill-bucket.ts",
    find: "if (last !== null && unchanged(last, levels)) return",
    replace: "if (last !== null) return",
    test: "test/unit/usecases-refill.test.ts",
    name: "gives up as contended",
  },
  {
    promise: "never undersold: a transfer left behind is finished",
    file: "src/usecases/refill-bucket.ts",
    find: "if (open.length > 0) {",
    replace: "if (open.length > 99) {",
    test: "test/unit/usecases-refill.test.ts",
    name: "finishes a transfer left behind",
  },
  {
    promise: "never oversold: orders of an older load are refused",
    file: order,
    find: "order.epoch < facts.minEpoch",
    replace: "order.epoch < 0",
    test: contract,
    name: "refuses unseen orders of an older epoch",
  },
];

const neverLost: readonly Mutation[] = [
  {
    promise: "never lost: accepted only once the log has it",
    file: "src/usecases/purchase.ts",
    find: "() => answer(false),",
    replace: "() => answer(true),",
    test: purchases,
    name: "whose append fails is reserved",
  },
  {
    promise: "never lost: accepted only in time",
    file: "src/usecases/purchase.ts",
    find: "() => resolve(false));",
    replace: "() => resolve(true));",
    test: purchases,
    name: "does not answer in time",
  },
  {
    promise: "never lost: a pending retry is appended again",
    file: "src/usecases/purchase.ts",
    find: "if (!outcome.value.pending) return",
    replace: "if (outcome.value.orderId) return",
    test: purchases,
    name: "appended again before it is called accepted",
  },
  {
    promise: "never lost: the position moves after the effect",
    file: log,
    find: "      if (reason instanceof InvariantError) throw reason;\n      return false;",
    replace: "      if (reason instanceof InvariantError) throw reason;",
    test: contract,
    name: "delivers a batch again until its handler resolves",
  },
  {
    promise: "never lost: a restart replays the log before it loads the stock",
    file: "src/usecases/recover.ts",
    find: "  await deps.log.reached(group, await deps.log.end());\n",
    replace: "",
    test: purchases,
    name: "loads nothing before the log has been replayed",
  },
  {
    promise: "never lost: a restart goes on where the log ended",
    file: log,
    find: "sql.query<Offset, []>(endSql).get()?.next_offset ?? 0",
    replace: "0",
    test: contract,
    name: "keeps what was appended before a restart",
  },
  {
    promise: "never lost: only what every group has consumed is trimmed",
    file: "src/adapters/embedded/sql/log-trim.sql",
    find: "    AND base_offset + count <= (SELECT min(next_offset) FROM log_positions)\n",
    replace: "",
    test: contract,
    name: "trims only what is old and consumed",
  },
  {
    promise: "never lost: a write that fails is not answered as written",
    file: database,
    find: "for (const next of writes) next.reject(told);",
    replace: "for (const next of writes) next.resolve(undefined as never);",
    test: "test/unit/embedded-database.test.ts",
    name: "rejects what a full disk did not take",
  },
];

const oneByOne: readonly Mutation[] = [
  {
    promise: "one failed write does not take the others with it",
    file: database,
    find: "      back.run();\n",
    replace: "",
    test: "test/unit/embedded-database.test.ts",
    name: "rolls back only the write that failed",
  },
  {
    promise: "memory goes back with a write that failed",
    file: database,
    find: "      putBack(undos.splice(before));\n",
    replace: "",
    test: "test/unit/embedded-database.test.ts",
    name: "rolls back only the write that failed",
  },
  {
    promise: "one process owns a data directory",
    file: "src/adapters/shared/directory-lock.ts",
    find: '    lock.run("BEGIN EXCLUSIVE");\n',
    replace: "",
    test: "test/unit/embedded-database.test.ts",
    name: "refuses a second process",
  },
];

const neverDoubled: readonly Mutation[] = [
  {
    promise: "never doubled: a known key finds its order",
    file: reservation,
    find: "order.requestKey === request.requestKey",
    replace: "order.requestKey === undefined",
    test: contract,
    name: "answers a known request key with its order",
  },
  {
    promise: "never doubled: a key belongs to one body",
    file: reservation,
    find: "known.fingerprint !== request.fingerprint",
    replace: "known.fingerprint === undefined",
    test: contract,
    name: "refuses a known key with another fingerprint",
  },
  {
    promise: "never doubled: keys outlive settling",
    file: index,
    find: "generation.byBuyer.set(key, { saleId, buyerId, orders });",
    replace: "",
    test: contract,
    name: "still knows keys and limits",
  },
  {
    promise: "never doubled: keys outlive a restart",
    file: index,
    find: "  let fresh = unmerged(database);",
    replace: "  let fresh = emptyGeneration();",
    test: purchases,
    name: "still knows the keys and limits of what was placed before",
  },
  {
    promise: "never doubled: the ledger makes one live order of a key",
    file: order,
    find: "if (facts.keyTaken)",
    replace: "if (facts.keyTaken && facts.buyerUnits < 0)",
    test: contract,
    name: "makes at most one live order of a request key",
  },
  {
    promise: "never doubled: the ledger decides an order id once",
    file: repository,
    find: "if (changes === 0) return decidedBefore(reads, orderId);",
    replace: "",
    test: contract,
    name: "recognises an order it has decided before",
  },
  {
    promise: "a buyer's limit holds when reserving",
    file: reservation,
    find: "buyer.units + request.quantity > settings.perBuyerLimit",
    replace: "request.quantity > settings.perBuyerLimit",
    test: contract,
    name: "holds a buyer to the limit over several orders",
  },
  {
    promise: "a buyer's limit holds in the ledger",
    file: order,
    find: "facts.buyerUnits + order.quantity > facts.perBuyerLimit",
    replace: "facts.buyerUnits + order.quantity > facts.perBuyerLimit + 1",
    test: contract,
    name: "holds a buyer to the limit, within a batch",
  },
  {
    promise: "restocked once a key",
    file: repository,
    find: "if (known !== null) {",
    replace: "if (known !== null && known.added < 0) {",
    test: contract,
    name: "restocks once per key",
  },
  {
    promise: "restocked once a ledger version",
    file: stock,
    find: "    if (sale.restocks.has(ledgerVersion)) return;\n",
    replace: "",
    test: contract,
    name: "counts a restock once per ledger version",
  },
];

const neverUndersold: readonly Mutation[] = [
  {
    promise: "never undersold: the sweep appends what was left behind",
    file: "src/usecases/sweep.ts",
    find: "if (overdue.length > 0)",
    replace: "if (overdue.length < 0)",
    test: purchases,
    name: "appends what a crash left",
  },
  {
    promise: "the sweep waits until no append can still arrive",
    file: "src/usecases/sweep.ts",
    find: "consumedThrough - limits.appendDeadlineMs",
    replace: "consumedThrough",
    test: purchases,
    name: "leaves alone what may still arrive",
  },
  {
    promise: "the sweep causes no storm",
    file: stock,
    find: "dueAt: instant(now + backoffMs)",
    replace: "dueAt: now",
    test: contract,
    name: "hands out the overdue oldest first",
  },
  {
    promise: "never undersold: released units are for sale again",
    file: stock,
    find: "      sale.remaining += dropped.quantity;\n",
    replace: "",
    test: contract,
    name: "gives released units back exactly once",
  },
  {
    promise: "released once: the pending mark goes",
    file: stock,
    find: "  sale.pending.delete(orderId);\n",
    replace: "",
    test: contract,
    name: "gives released units back exactly once",
  },
  {
    promise: "no unit is credited that the ledger never had",
    file: "src/usecases/place-orders.ts",
    find: '"no-room": false',
    replace: '"no-room": true',
    test: ledger,
    name: "gives no unit back",
  },
];

export const mutations: readonly Mutation[] = [
  ...neverOversold,
  ...neverLost,
  ...oneByOne,
  ...neverDoubled,
  ...neverUndersold,
  ...locks,
  ...controllers,
  ...refusals,
  ...adaptive,
  ...auth,
];
