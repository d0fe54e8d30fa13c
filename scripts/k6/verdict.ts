// Whether a run was right: what k6's clients were told, what the audit says, and what is in the
// tables must all tell the same story.

import type { K6Summary } from "../../bench/k6/summary.ts";
import type { StoredSale } from "../../src/rush/checker.ts";
import type { AuditAnswer } from "../../src/rush/sale-client.ts";

export interface Evidence {
  readonly exitCode: number;
  readonly summary: K6Summary;
  readonly audit: AuditAnswer;
  readonly stored: StoredSale;
  readonly stock: number;
}

export interface Verdict {
  readonly persisted: number;
  /** Orders that are in the tables with a reason why they got no units. */
  readonly refused: number;
  readonly findings: readonly string[];
}

/** What k6 exits with when a threshold was crossed. */
const thresholdCrossed = 99;

export function verdictOf(evidence: Evidence): Verdict {
  const { orders } = evidence.stored;
  const refused = orders.filter(({ status }) => status === "refused").length;
  const waiting = orders.filter(({ status }) => status === "reserved").length;
  const persisted = orders.length - refused - waiting;
  const findings = [
    ...findingsOfK6(evidence),
    ...findingsOfOrders(evidence, { persisted, refused }),
    ...findingsOfStock(evidence, persisted),
  ];
  return { persisted, refused, findings };
}

function findingsOfK6({ exitCode, summary }: Evidence): string[] {
  const { sent, byOutcome, serverErrors, unexpected, unknown, crossed } = summary;
  const counted = Object.values(byOutcome).reduce((sum, { count }) => sum + count, 0);
  return [
    ...(exitCode === 0 || exitCode === thresholdCrossed ? [] : [`k6 ended with ${exitCode}`]),
    ...(exitCode === thresholdCrossed && crossed.length === 0 ? ["k6 says a threshold broke"] : []),
    ...crossed.map((threshold) => `threshold crossed: ${threshold}`),
    ...(sent === 0 ? ["nothing was sent"] : []),
    ...some(serverErrors, "answers were server errors (5xx)"),
    ...some(unexpected, "answers had a status other than 202, 409 and 429, or never came"),
    ...some(unknown, "purchases ended without a known outcome"),
    ...(counted === sent ? [] : [`${sent} purchases sent, ${counted} of them with an outcome`]),
  ];
}

interface Stored {
  readonly persisted: number;
  readonly refused: number;
}

/** Every order that a client was told of is persisted, or refused with a reason, which only one
 *  that was no more than reserved may be; and nothing is persisted that nobody was told of. */
function findingsOfOrders({ summary, audit }: Evidence, { persisted, refused }: Stored): string[] {
  const { accepted, reserved } = summary;
  const told = accepted + reserved;
  return [
    ...(told === persisted + refused
      ? []
      : [
          `${accepted} orders accepted and ${reserved} reserved, but ${persisted} persisted and ` +
            `${refused} refused with a reason`,
        ]),
    ...(refused <= reserved ? [] : [`${refused} orders refused, only ${reserved} were reserved`]),
    ...(audit.ok === true ? [] : [`the audit fails: ${JSON.stringify(audit)}`]),
    ...(audit.orders === persisted
      ? []
      : [`the audit counts ${audit.orders} orders, the tables have ${persisted}`]),
  ];
}

function findingsOfStock({ stored, stock }: Evidence, persisted: number): string[] {
  const keys = new Set(stored.orders.map(({ buyerId, requestKey }) => `${buyerId} ${requestKey}`));
  return [
    ...(stored.sold <= stock ? [] : [`oversold: ${stored.sold} of ${stock} units`]),
    ...(stored.sold === persisted ? [] : [`${stored.sold} units sold in ${persisted} orders`]),
    ...some(stored.orders.length - keys.size, "orders share a request key with another"),
  ];
}

function some(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
