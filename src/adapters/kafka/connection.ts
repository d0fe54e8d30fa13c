/** How every client of this adapter reaches the brokers, and what it tells about troubles. */
import type { BaseOptions } from "@platformatic/kafka";
import { limits } from "../../domain/limits.ts";
import { type Tls, tlsOptions } from "../../lib/tls.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";

export interface KafkaConnection {
  /** host:port of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** What the name of every topic and group begins with. */
  readonly prefix: string;
  /** Not encrypted without. */
  readonly tls?: Tls;
  /** Nobody in particular without. */
  readonly sasl?: Sasl;
}

export interface Sasl {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | null;
  readonly username: string | null;
  readonly password: string | null;
}

/** What an operator should hear of. */
export interface KafkaEvents {
  /** Something failed that is tried again without anybody's help. */
  readonly trouble: (what: string, reason: unknown) => void;
  /** Something a person must mend. */
  readonly alarm: (what: string, reason: unknown) => void;
  /** The producer or a consumer works again after a failure. */
  readonly reconnected: (client: "producer" | "consumer") => void;
  /** Messages handed to a handler that had been handed out before. */
  readonly redelivered: (messages: number) => void;
  /** A subscription now has these partitions. */
  readonly assigned: (partitions: readonly number[]) => void;
}

/** What the brokers know this process by. */
export const clientName = `doorbuster-${process.pid}`;

/** Retries here bridge a blink; outages are bridged by who calls, with a back-off of its own. */
export function clientOptions({ brokers, tls, sasl }: KafkaConnection) {
  return {
    ...(tls?.enabled && { tls: { ...tlsOptions(tls) } }),
    ...(sasl !== undefined && loginOf(sasl)),
    clientId: clientName,
    bootstrapBrokers: [...brokers],
    retries: 2,
    retryDelay: 100,
    connectTimeout: 1_000,
    requestTimeout: limits.appendDeadlineMs,
    metadataMaxAge: 60_000,
    autocreateTopics: false,
  } satisfies BaseOptions;
}

function loginOf({ mechanism, username, password }: Sasl): Pick<BaseOptions, "sasl"> {
  if (mechanism === null) return {};
  return { sasl: { mechanism, username: username ?? "", password: password ?? "" } };
}

/** Runs a request; a failure says that the service is unavailable, and why. */
export async function asked<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (reason) {
    throw new ServiceUnavailable(`Kafka: ${what} failed: ${whyOf(reason)}`, { cause: reason });
  }
}

/** The innermost reasons, since the library wraps them. */
export function whyOf(reason: unknown): string {
  if (reason instanceof AggregateError) {
    return [...new Set(reason.errors.map(whyOf))].join("; ") || reason.message;
  }
  if (!(reason instanceof Error)) return String(reason);
  return reason.cause === undefined ? reason.message : `${reason.message} ${whyOf(reason.cause)}`;
}
