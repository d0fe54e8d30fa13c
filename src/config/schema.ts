/** Every setting, once: its type, bounds, default and description. The environment's names, the
 *  error messages and docs/config.md are derived from this schema; what the program runs on is the
 *  `Config` of validate.ts. */
import { z } from "zod";
import { parseNetwork } from "../lib/ip-network.ts";
import { auth } from "./auth-schema.ts";
import { isCertificate, isPrivateKey } from "./pem.ts";
import { pattern, pem } from "./text-schemas.ts";

export const roleNames = ["api", "orders", "controller"] as const;
export type RoleName = (typeof roleNames)[number];

export const storeKinds = ["embedded", "clustered"] as const;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export const logFormats = ["auto", "json", "pretty"] as const;

/** Public, hence good for nothing but a developer's own machine. */
export const developmentSecret = "doorbuster-development-secret-known-to-everybody";

/** A URL is a secret because it may hold a password. */
function serviceUrl(format: RegExp, allowed: string, fallback: string) {
  return z.string().regex(format).meta({ secret: true, allowed }).default(fallback);
}

/** The materials of TLS, the same for every service. */
const trust = {
  ca: pem(
    isCertificate,
    "certificates",
    "Certificates of the authorities that may sign the server's; null: those of the system.",
  ),
  cert: pem(
    isCertificate,
    "a certificate",
    "The certificate that we show, with `key`, to a server that asks for one.",
  ),
  key: pem(isPrivateKey, "a private key, not encrypted,", "The private key of `cert`."),
};

function tls(service: string) {
  const enabled = z
    .boolean()
    .default(false)
    .describe(
      `Whether connections to ${service} are encrypted. The server's certificate must be signed ` +
        "by an authority we know, and be for the host that we connect to.",
    );
  return z.strictObject({ enabled, ...trust }).prefault({});
}

/** The mechanisms of SASL that a broker may ask for. */
export const saslMechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

const sasl = z.strictObject({
  mechanism: z
    .enum(saslMechanisms)
    .nullable()
    .default(null)
    .describe("How we log in to the brokers; null: not at all. PLAIN sends the password as it is."),
  username: pattern(/^\S.{0,199}$/, "1 to 200 characters")
    .nullable()
    .default(null)
    .describe("Who logs in."),
  password: z
    .string()
    .min(1)
    .meta({ secret: true, allowed: "text", description: "The password of `username`." })
    .nullable()
    .default(null),
});

const redis = z.strictObject({
  url: serviceUrl(
    /^redis(s|\+cluster|s\+cluster|\+sentinel|s\+sentinel)?:\/\/\S+$/,
    "redis://[user:password@]host:port[/db], redis+cluster://host:port,host:port… or " +
      "redis+sentinel://host:port,host:port…/master-name; rediss… for TLS",
    "redis://127.0.0.1:6379",
  ).describe("The Redis that holds the stock: one server, a cluster, or sentinels to ask."),
  prefix: pattern(/^[\x21-\x7a]{0,64}$/, "0 to 64 printable characters, no space or braces")
    .default("doorbuster:")
    .describe("What every key begins with."),
  tls: z.strictObject(trust).prefault({}),
});

const kafka = z.strictObject({
  brokers: z
    .array(pattern(/^[A-Za-z0-9.:_-]+:\d{1,5}$/, "host:port"))
    .min(1)
    .default(["127.0.0.1:9092"])
    .describe("Where the Kafka cluster is found: a list of `host:port`."),
  prefix: pattern(/^[A-Za-z0-9._-]{0,64}$/, "0 to 64 letters, digits, dots, dashes, underscores")
    .default("doorbuster.")
    .describe("What the name of every topic and group begins with."),
  partitions: z
    .int()
    .min(1)
    .max(512)
    .default(6)
    .describe("Partitions of the orders topic when `doorbuster migrate` makes it."),
  replication: z
    .int()
    .min(1)
    .max(7)
    .default(1)
    .describe("Copies of every message when `doorbuster migrate` makes the topics; 3 in earnest."),
  tls: tls("the brokers"),
  sasl: sasl.prefault({}),
});

const mysql = z.strictObject({
  url: serviceUrl(
    /^mysql:\/\/\S+\/[^/?\s]+$/,
    "mysql://user:password@host:port/database",
    "mysql://root@127.0.0.1:3306/doorbuster",
  ).describe("The MySQL or MariaDB that holds sales, orders and the ledger."),
  connections: z
    .int()
    .min(2)
    .max(200)
    .default(10)
    .describe("Connections that one process may open to it."),
  tls: tls("MySQL"),
});

const etcd = z.strictObject({
  hosts: z
    .array(pattern(/^https?:\/\/[A-Za-z0-9.:_[\]-]+$/, "http://host:port or https://host:port"))
    .min(1)
    .default(["http://127.0.0.1:2379"])
    .describe("The etcd that holds the locks: a list of the members' client URLs."),
  prefix: pattern(/^[\x21-\x7a]{0,64}$/, "0 to 64 printable characters, no space, braces or tilde")
    .default("doorbuster/locks/")
    .describe("What the key of every lock begins with."),
  ttlSeconds: z
    .int()
    .min(2)
    .max(60)
    .default(5)
    .describe("How long a lock outlives a holder that dies."),
  turnMs: z
    .int()
    .min(10)
    .max(500)
    .default(50)
    .describe("How long a process sells under a sale's lock while others wait for it."),
  generation: z
    .int()
    .min(0)
    .max(4_095)
    .default(0)
    .describe("Raise it by one after etcd was restored from a backup, on every process."),
  username: pattern(/^\S{1,200}$/, "1 to 200 characters without spaces")
    .nullable()
    .default(null)
    .describe("The user to sign in as, if etcd asks for one."),
  password: z
    .string()
    .meta({ secret: true, allowed: "text" })
    .nullable()
    .default(null)
    .describe("That user's password."),
  tls: z.strictObject(trust).prefault({}),
});

const admission = z.strictObject({
  trustedProxies: z
    .array(
      z
        .string()
        .refine((text) => parseNetwork(text) !== null)
        .meta({ allowed: "an IP address or a network such as 10.0.0.0/8" }),
    )
    .default([])
    .describe(
      "Addresses and networks of proxies of yours: a list. What they say in `X-Forwarded-For` is " +
        "believed, read from the right as far as it names such proxies.",
    ),
  whenAway: z
    .enum(["share", "refuse"])
    .default("share")
    .describe(
      "With clustered stores, while Redis cannot be reached; share: each process grants its part " +
        "of every rate, by `admission.nodes`; refuse: purchases are answered 503.",
    ),
  nodes: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe("Processes of the role api that share the rates, on all machines together."),
});

const port = z.int().min(0).max(65_535);
const host = pattern(/^[A-Za-z0-9.:_-]{1,255}$/, "an IP address or a host name");

export const settingsSchema = z.strictObject({
  roles: z
    .array(z.enum(roleNames))
    .min(1)
    .default([...roleNames])
    .describe("What this process does."),
  host: host
    .default("127.0.0.1")
    .describe("The address to listen on; 0.0.0.0 for every IPv4 address of the machine."),
  port: port.default(7070).describe("The TCP port to listen on; 0 for any free one."),
  dataDir: pattern(/^[^\0]+$/, "a path")
    .default(".doorbuster")
    .describe(
      "The directory of the embedded stores, and of each process's log of its locks; relative to " +
        "the working directory.",
    ),
  stores: z
    .strictObject({
      kind: z
        .enum(storeKinds)
        .default("embedded")
        .describe(
          "Where sales and orders are kept; embedded: SQLite in `dataDir`, one process; " +
            "clustered: `redis`, `kafka`, `mysql` and `etcd`, any number of processes.",
        ),
    })
    .prefault({}),
  redis: redis.prefault({}),
  kafka: kafka.prefault({}),
  mysql: mysql.prefault({}),
  etcd: etcd.prefault({}),
  sharePort: z
    .boolean()
    .default(false)
    .describe("Lets other processes listen on the same port; `workers` sets it for its own."),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      "Processes that share the work of the role api on one port; one that ends is started " +
        "again. Clustered stores only.",
    ),
  auth: auth.prefault({}),
  admission: admission.prefault({}),
  cors: z
    .strictObject({
      origins: z
        .array(
          pattern(/^(\*|https?:\/\/[a-z0-9.:_[\]-]+)$/, "https://host or https://host:port, or *"),
        )
        .default([])
        .describe(
          "Whose web pages may call the API from a browser: a list of origins, exactly as a " +
            "browser sends them; `*` for anybody's. Cookies are never allowed. Empty: nobody's.",
        ),
      maxAgeSeconds: z
        .int()
        .min(0)
        .max(86_400)
        .default(600)
        .describe("How long a browser may remember that it is allowed."),
    })
    .prefault({}),
  admin: z
    .strictObject({
      port: port
        .min(1)
        .nullable()
        .default(null)
        .describe(
          "Serves the calls of administrators on a port of its own, which answers everything; " +
            "the main port then answers them with 404 and takes nobody for an administrator. " +
            "Null: everything on the main port.",
        ),
      host: host.default("127.0.0.1").describe("The address of `admin.port`."),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(logLevels).default("info").describe("The least severe event that is logged."),
      format: z
        .enum(logFormats)
        .default("auto")
        .describe("One JSON object a line, or lines for people; auto: for people on a terminal."),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      port: port
        .min(1)
        .nullable()
        .default(null)
        .describe(
          "Serves `/metrics` on a port of its own; null: on `admin.port` or else on the main port.",
        ),
    })
    .prefault({}),
});

/** What the layers say, defaults filled in; not yet checked across fields. */
export type Settings = z.output<typeof settingsSchema>;
