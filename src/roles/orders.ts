/** The orders role: consumes the order log into the ledger. */
import { limits } from "../domain/limits.ts";
import type { OrderLog, Subscription } from "../ports/order-log.ts";
import {
  type PlaceOrdersDeps,
  type PlaceOrdersReport,
  placeOrders,
} from "../usecases/place-orders.ts";
import type { Role, RoleLog } from "./role.ts";

/** The consumer group of the ledger. */
export const ordersGroup = "orders";

export interface OrdersRoleDeps extends PlaceOrdersDeps {
  readonly log: Pick<OrderLog, "deadLetter" | "subscribe">;
  readonly placed: (report: PlaceOrdersReport) => void;
  readonly logger: RoleLog;
}

/** A role whose work comes from the log. */
export interface ConsumingRole extends Role {
  /** Why no orders come at the moment, or null. */
  failure(): string | null;
}

export function ordersRole(deps: OrdersRoleDeps): ConsumingRole {
  let subscription: Subscription | null = null;

  async function start(): Promise<void> {
    subscription = deps.log.subscribe(ordersGroup, limits.placeBatchMax, async (batch) => {
      try {
        const report = await placeOrders(deps, batch);
        deps.placed(report);
        if (report.untold > 0) deps.logger.warn({ orders: report.untold }, "stock was not told");
      } catch (reason) {
        deps.logger.warn({ err: reason, orders: batch.length }, "placing failed; trying again");
        throw reason;
      }
    });
  }

  async function stop(): Promise<void> {
    await subscription?.stop();
  }

  const failure = () => (subscription === null ? "not started yet" : subscription.failure());

  return { name: "orders", start, stop, failure };
}
