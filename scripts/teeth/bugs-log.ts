/** Bugs on the way from the log to the ledger. */
import type { Bug } from "./bug.ts";

export const logBugs: readonly Bug[] = [
  {
    name: "accepted is said before the log has answered",
    file: "src/usecases/purchase.ts",
    find: "      (appended) => answer(appended.ok),\n      () => answer(false),",
    replace: "      () => undefined,\n      () => undefined,",
    also: [
      {
        find: "const cancel = deps.batches.deadline(left, () => resolve(false));",
        replace: "const cancel = deps.batches.deadline(0, () => answer(true));",
      },
    ],
  },
  {
    name: "accepted is said when the log gave no answer",
    file: "src/usecases/purchase.ts",
    find: "() => resolve(false)",
    replace: "() => resolve(true)",
  },
  {
    name: "accepted is said after a rebuild may have passed it by",
    file: "src/usecases/purchase.ts",
    find: "resolve(appended && waited() < limits.appendDeadlineMs)",
    replace: "resolve(appended)",
  },
  {
    name: "a retry of a pending order is not appended again",
    file: "src/usecases/purchase.ts",
    find: '      if (!outcome.value.pending) return ok(purchased(order, "accepted", true));\n',
    replace: '      if (order !== undefined) return ok(purchased(order, "accepted", true));\n',
  },
  {
    name: "acknowledged before it is placed",
    file: "src/roles/orders.ts",
    find: "const report = await placeOrders(deps, batch);",
    replace: "void placeOrders(deps, batch).catch(() => undefined);\n        const report = none;",
    also: [
      {
        find: "/** A role whose work comes from the log. */",
        replace:
          "const none = { placed: 0, refused: 0, duplicates: 0, poison: 0, untold: 0, lagMs: 0 };",
      },
    ],
  },
  {
    name: "overdue orders are swept away",
    file: "src/usecases/sweep.ts",
    find: "if (overdue.length > 0) await deps.log.append(overdue);",
    replace: "",
  },
  {
    name: "what the ledger has is not settled",
    file: "src/usecases/place-orders.ts",
    find: "if (placed.length > 0) await deps.stock.settle(placed);",
    replace: "",
  },
  {
    name: "the ledger does not look at the epoch",
    file: "src/domain/order.ts",
    find: 'if (order.epoch < facts.minEpoch) return refused("reservation-lost");',
    replace: "",
  },
  {
    name: "an order is looked for in the ledger first",
    file: "src/usecases/find-orders.ts",
    find: "  const [pending] = await deps.stock.pending(saleId, { orderIds: [orderId] });\n",
    replace:
      "  const [early] = await deps.orders.byId([orderId]);\n" +
      "  const [pending] = await deps.stock.pending(saleId, { orderIds: [orderId] });\n",
    also: [
      {
        find: "  const [order] = await deps.orders.byId([orderId]);\n  return order ?? null;\n",
        replace: "  return early ?? null;\n",
      },
      {
        find: "?.epoch === epoch) return look(deps, saleId, orderId);",
        replace: "?.epoch === epoch) return null;",
      },
    ],
  },
  {
    name: "an accepted order is not found while its stock is gone",
    wasThere: true,
    file: "src/usecases/find-orders.ts",
    find: "if ((await deps.stock.level(saleId))?.epoch === epoch) return",
    replace: "if (epoch > 0) return null;",
  },
];
