/** Deliberate bugs about refusals and accounts; see table.ts. */
import type { Mutation } from "./mutation.ts";

const stock = "src/adapters/embedded/stock-store.ts";
const repository = "src/adapters/embedded/order-repository.ts";
const reservation = "src/domain/reservation.ts";
const contract = "test/contract/embedded.test.ts";
const ledger = "test/unit/usecases-ledger.test.ts";

const rejections: readonly Mutation[] = [
  {
    promise: "a rejection is never remembered",
    file: stock,
    find: "    default:\n      return verdict;",
    replace:
      "    default:\n      take(saleId, sale, { ...request, quantity: units(0) }, now);\n" +
      "      return verdict;",
    test: contract,
    name: "forgets a rejection",
  },
  {
    promise: "a refused order's key may be used again",
    file: repository,
    find: 'if (status === "placed") index.add',
    replace: "index.add",
    test: contract,
    name: "lets a refused order's request key be used again",
  },
  {
    promise: "nothing is sold outside the window",
    file: "src/domain/sale.ts",
    find: "if (sale.endsAt !== null && now >= sale.endsAt)",
    replace: "if (sale.endsAt !== null && now > sale.endsAt)",
    test: contract,
    name: "keeps to the window by its own clock",
  },
  {
    promise: "nothing is sold while paused",
    file: reservation,
    find: '      return "sale-paused";',
    replace: "      return null;",
    test: contract,
    name: "refuses while paused",
  },
  {
    promise: "older settings never overwrite newer ones",
    file: stock,
    find: "settings.version >= other.version",
    replace: "settings.version === other.version",
    test: contract,
    name: "never lets older settings overwrite newer ones",
  },
  {
    promise: "reservations never run too far ahead of the ledger",
    file: reservation,
    find: "counts.pending >= settings.pendingMax",
    replace: "counts.pending > settings.pendingMax",
    test: contract,
    name: "stops at pendingMax",
  },
  {
    promise: "a sale is written down as closed once it is over",
    file: "src/usecases/tend-sales.ts",
    find: 'return state === "open" ? "open" : "close";',
    replace: 'return state === "open" ? "open" : null;',
    test: "test/unit/usecases-sales.test.ts",
    name: "is loaded ahead, sells from the start to the end",
  },
];

const accounting: readonly Mutation[] = [
  {
    promise: "every unit is accounted for: the audit counts what is pending",
    file: "src/usecases/audit.ts",
    find: "open.reduce((sum, order) => sum + order.quantity, 0)",
    replace: "0 * open.length",
    test: ledger,
    name: "counts what is pending",
  },
  {
    promise: "every unit is accounted for: the audit distrusts the ledger's own sum",
    file: "src/domain/audit.ts",
    find: "if (placed !== sold)",
    replace: "if (placed > sold + 1)",
    test: ledger,
    name: "finds an order that vanished",
  },
  {
    promise: "the audit says nothing while numbers move",
    file: "src/usecases/audit.ts",
    find: "if (sameCounts(last, next))",
    replace: "if (last !== next)",
    test: ledger,
    name: "says nothing while numbers move",
  },
  {
    promise: "a rate is never exceeded",
    file: "src/domain/rate-limit.ts",
    find: "const millionths = full ? capacity :",
    replace: "const millionths = full ? capacity * 2 :",
    test: "test/unit/domain-rate-limit.test.ts",
    name: "never grants more than rate",
  },
];

export const refusals: readonly Mutation[] = [...rejections, ...accounting];
