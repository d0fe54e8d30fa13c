// A crowd that asks straight at every api, at an even pace that does not care for answers.

import { FreshBuyers } from "../../src/bench/buyers.ts";
import type { LoadResult } from "../../src/bench/load-meter.ts";
import { sendSteadily } from "../../src/bench/open-loop.ts";
import type { PreparedRequests } from "../../src/bench/prepared-requests.ts";
import { ConnectionPool } from "../../src/rush/connection-pool.ts";
import { endpointOf } from "../../src/rush/exchange.ts";
import { TokenSigner } from "../../src/rush/tokens.ts";
import type { Shop } from "./shop.ts";

export interface CrowdPlan {
  readonly saleId: string;
  /** Over all nodes together. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Crowd {
  /** Sends; what was answered, over all nodes. */
  send(): Promise<Answers>;
  close(): void;
}

export interface Answers {
  readonly statuses: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly drops: number;
  readonly p99Ms: number;
}

const connections = 32;
const queueMax = 10_000;
const deadlineMs = 10_000;

/** Everything is signed and connected when it resolves. */
export async function gather(shop: Pick<Shop, "secret" | "apis">, plan: CrowdPlan): Promise<Crowd> {
  const buyers = new FreshBuyers(new TokenSigner(shop.secret, Date.now()));
  const perSecond = plan.perSecond / shop.apis.length;
  const groups = shop.apis.map(({ url, pid }) => {
    const endpoint = endpointOf(url);
    const pool = new ConnectionPool({ endpoint, connections, queueMax, deadlineMs });
    const requests = buyers.purchases(endpoint, plan.saleId, perSecond * plan.seconds + 1);
    return { pool, requests, serverPid: pid };
  });
  await Promise.all(groups.map(({ pool }) => pool.ready));

  const sendGroup = (group: {
    pool: ConnectionPool;
    requests: PreparedRequests;
    serverPid: number;
  }) => sendSteadily({ ...group, perSecond, seconds: plan.seconds, pace: "relaxed" });

  return {
    send: async () => together(await Promise.all(groups.map(sendGroup))),
    close: () => {
      for (const { pool } of groups) pool.close();
    },
  };
}

function together(results: readonly LoadResult[]): Answers {
  const statuses: Record<string, number> = {};
  for (const result of results) {
    for (const [status, count] of Object.entries(result.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
  }
  const sum = (of: (result: LoadResult) => number) =>
    results.reduce((all, one) => all + of(one), 0);
  return {
    statuses,
    lost: sum(({ lost }) => lost),
    drops: sum(({ drops }) => drops),
    p99Ms: Math.max(...results.map(({ latency }) => latency.p99Ms)),
  };
}
