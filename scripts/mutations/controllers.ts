/** Deliberate bugs of controllers, of what they fence, and of sales that fall back. */
import type { Mutation } from "./mutation.ts";

const contract = "test/contract/embedded.test.ts";
const controls = "test/unit/usecases-control.test.ts";
const mends = "test/unit/usecases-mend.test.ts";
const fallBack = "test/unit/usecases-fallback.test.ts";

export const controllers: readonly Mutation[] = [
  {
    promise: "an order is accepted only within the append deadline of its purchase",
    file: "src/usecases/purchase.ts",
    find: "resolve(appended && waited() < limits.appendDeadlineMs);",
    replace: "resolve(appended);",
    test: "test/unit/usecases-purchase.test.ts",
    name: "slept past the append deadline",
  },
  {
    promise: "a controller that another one has followed gets no epoch",
    file: "src/adapters/embedded/sql/ledger-next-epoch.sql",
    find: " AND fence <= coalesce(?2, fence)",
    replace: "",
    test: contract,
    name: "gives no epoch to a controller that another one has followed",
  },
  {
    promise: "lost stock is loaded by its holder only",
    file: "src/usecases/mend-stock.ts",
    find: 'now.kind === "holds" ?',
    replace: 'now.kind !== "none" ?',
    test: mends,
    name: "is left to the holder",
  },
  {
    promise: "stock that somebody may be loading is not loaded by others",
    file: "src/usecases/mend-stock.ts",
    find: "return now - since >= limits.stockMissingMs;",
    replace: "return true;",
    test: mends,
    name: "once it has been missing for a while",
  },
  {
    promise: "a holder whose lock was lost does not go on",
    file: "src/usecases/hold-sales.ts",
    find: "if (held?.valid()) return",
    replace: "if (held) return",
    test: controls,
    name: "take over what a dead one held",
  },
  {
    promise: "numbers that were off only once are not believed",
    file: "src/roles/controller.ts",
    find: "if (!again) return;",
    replace: 'if (books !== "uneven") return;',
    test: "test/unit/role-controller.test.ts",
    name: "believes no numbers that were off only once",
  },
  {
    promise: "a sale with a fallback is sold only in a way that was confirmed",
    file: "src/usecases/confirmed-modes.ts",
    find: "const isOld = () => clock.elapsed() - confirmedAt > limits.modeConfirmMs;",
    replace: "const isOld = () => false;",
    test: fallBack,
    name: "is sold only as long as it was confirmed how",
  },
  {
    promise: "the ledger sells nothing on the way back to the stock",
    file: "src/adapters/embedded/ledger-stock.ts",
    find: 'if (sale.mode !== "ledger") return err(notSelling(saleId));',
    replace: "",
    test: fallBack,
    name: "is refused by the ledger as soon as it is on the way back",
  },
  {
    promise: "the ledger as stock stops at the last unit",
    file: "src/adapters/shared/ledger-stock.ts",
    find: "    sold += quantity;\n",
    replace: "",
    test: "test/contract/strategies.test.ts",
    name: "sells every unit once to many processes",
  },
  {
    promise: "an order that is placed while it is looked for is not said to be lost",
    file: "src/usecases/find-orders.ts",
    find: "return placed ?? {",
    replace: "return placed && {",
    test: "test/unit/usecases-ledger.test.ts",
    name: "placed, and its load fenced off, while it looked",
  },
  {
    promise: "a sale of the strategy database that was opened without an epoch gets one",
    file: "src/roles/controller.ts",
    find: 'mode === "stock" || strategy === "database";',
    replace: 'mode === "stock" && strategy !== "database";',
    test: "test/unit/role-controller.test.ts",
    name: "gives an epoch to a sale of the strategy database",
  },
];
