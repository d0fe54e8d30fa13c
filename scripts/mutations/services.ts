/** Deliberate bugs of what talks to real services, and the test that must catch each of them. */
import { ofLimits } from "./limits.ts";
import type { Mutation } from "./mutation.ts";

const lua = (name: string) => `src/adapters/redis/scripts/${name}.lua`;
const kafka = (name: string) => `src/adapters/kafka/${name}.ts`;
const mysql = (name: string) => `src/adapters/mysql/${name}`;
const redisContract = "test/contract/redis.services.test.ts";
const redisFaults = "test/integration/redis-faults.services.test.ts";
const redisTls = "test/integration/redis-tls.services.test.ts";
const kafkaContract = "test/contract/kafka.services.test.ts";
const kafkaFaults = "test/integration/kafka-faults.services.test.ts";
const kafkaTls = "test/integration/kafka-tls.services.test.ts";
const mysqlContract = "test/contract/mysql.services.test.ts";
const mysqlFaults = "test/integration/mysql-faults.services.test.ts";
const mysqlMigrate = "test/integration/mysql-migrate.services.test.ts";

const inRedis: readonly Mutation[] = [
  {
    promise: "never oversold: the script stops at the last unit",
    file: lua("reserve"),
    find: "elseif quantity > remaining then",
    replace: "elseif quantity > remaining + 1 then",
    test: redisContract,
    name: "takes all units of a request or none",
  },
  {
    promise: "never oversold: stock of a server that was restarted is not sold",
    file: lua("prelude"),
    find: "  if loadedUnder ~= incarnation() then return",
    replace: "  if false then return",
    test: redisFaults,
    name: "stock that came back from the file is not sold",
  },
  {
    promise: "never oversold: a load does not outlive the data it began on",
    file: lua("prelude"),
    find: "return h[1] == wanted and h[3] and h[2] == incarnation()",
    replace: "return h[1] == wanted and h[3]",
    test: redisFaults,
    name: "a load that began before it is refused",
  },
  {
    promise: "never oversold: a bucket is sealed only under a higher epoch",
    file: lua("seal"),
    find: "if stored > wanted or (stored == wanted and not h[2]) then return 0 end\n",
    replace: "",
    test: redisContract,
    name: "seals and loads only under a higher epoch",
  },
  {
    promise: "never oversold: a transfer is received once",
    file: lua("receive"),
    find: "if tonumber(h[4] or 0) >= tonumber(ARGV[3]) then return 1 end\n",
    replace: "",
    test: redisContract,
    name: "receives a transfer once",
  },
  {
    promise: "never oversold: units are released once",
    file: lua("release"),
    find: "    redis.call('HDEL', pendingKey, ARGV[n])\n",
    replace: "",
    test: redisContract,
    name: "gives released units back exactly once",
  },
  {
    promise: "never undersold: a load keeps restocks that its snapshot lacks",
    file: lua("load"),
    find: "    remaining = remaining + all[n + 1]\n",
    replace: "",
    test: redisContract,
    name: "counts a restock that came while the sale was being loaded",
  },
  {
    promise: "never doubled: a command that got no answer is not sent again",
    file: "src/adapters/redis/node.ts",
    find: "    maxRetriesPerRequest: 0,\n",
    replace: "    maxRetriesPerRequest: null,\n    ...{ autoResendUnfulfilledCommands: true },\n",
    test: redisFaults,
    name: "one that dies instead leaves it unknown",
  },
  {
    promise: "a server that hangs is given up",
    file: "src/adapters/redis/node.ts",
    find: "    const demoted = fault",
    replace: "    if (timedOut(reason)) return fault;\n    const demoted = fault",
    test: redisFaults,
    name: "the first purchase is unknown, the next is refused",
  },
  {
    promise: "a script that was forgotten is sent again",
    file: "src/adapters/redis/connection.ts",
    find: 'reason.code !== "NOSCRIPT"',
    replace: 'reason.code !== "NOSUCH"',
    test: redisFaults,
    name: "forgotten scripts are sent again",
  },
  {
    promise: "the way to a sentinel's master is encrypted",
    file: "src/adapters/redis/address.ts",
    find: ", enableTLSForSentinelMode: true",
    replace: "",
    test: redisTls,
    name: "the master that a sentinel names is reached encrypted",
  },
];

const inKafka: readonly Mutation[] = [
  {
    promise: "never lost: the position moves after the effect",
    file: kafka("group-consumer"),
    find: "      await context.handler(ours.messages);\n      return committer.handled(ours);\n",
    replace: "      committer.handled(ours);\n      return await context.handler(ours.messages);\n",
    test: kafkaContract,
    name: "has reached an end only when the handler of what is before it resolved",
  },
  {
    promise: "never lost: an order is acknowledged once the log has it",
    file: kafka("append-queue"),
    find: "if (inFlight.length > 0) await sender.send",
    replace: "if (inFlight.length > 0) void sender.send",
    test: kafkaFaults,
    name: "a killed broker loses nothing acknowledged",
  },
  {
    promise: "never lost: partitions that were given away are begun anew",
    file: kafka("partition-fetcher"),
    find: "owned.keep(forgotten ? nothing : assigned);",
    replace: "owned.keep(assigned);",
    test: "test/integration/kafka-members.services.test.ts",
    name: "what was handled while the group had forgotten the subscriber",
  },
  {
    promise: "never lost: what the log does not have is not skipped",
    file: kafka("partition-fetcher"),
    find: "    if (isOutOfRange(reason)) return options.fail(reason);\n",
    replace: "",
    test: kafkaFaults,
    name: "a position that the log does not have stops the group",
  },
  {
    promise: "a buyer's orders keep their order",
    file: kafka("order-log"),
    find: "key: Buffer.from(order.buyerId)",
    replace: "key: Buffer.from(order.orderId)",
    test: kafkaContract,
    name: "keeps the order of each buyer's orders",
  },
  {
    promise: "a batch that fails is delivered again",
    file: kafka("group-consumer"),
    find: "      if (reason instanceof InvariantError) throw reason;\n      await pause(",
    replace: "      return committer.handled(ours);\n      await pause(",
    test: kafkaContract,
    name: "delivers a batch again until its handler resolves",
  },
  {
    promise: "an append that was given up does not keep the log open",
    file: kafka("waiting-appends"),
    find: "[...entries, ...queue].filter(({ append }) => append.open)",
    replace: "[...entries, ...queue]",
    test: kafkaFaults,
    name: "a log whose broker is away can be closed",
  },
  {
    promise: "a broker must prove who it is",
    file: "src/lib/tls.ts",
    find: "    rejectUnauthorized: true,\n",
    replace: "    rejectUnauthorized: false as true,\n",
    test: kafkaTls,
    name: "an authority that we do not know is told",
  },
  {
    promise: "a process that cannot consume the log is not ready",
    file: "src/compose/clustered.ts",
    find: "log.failure() ?? orders?.failure() ?? null",
    replace: "null",
    test: "test/integration/readiness.services.test.ts",
    name: "nobody places orders or sweeps",
  },
];

const inMysql: readonly Mutation[] = [
  {
    promise: "never oversold: a ledger is locked while its orders are decided",
    file: mysql("sql/ledger-lock.sql"),
    find: " ORDER BY sale FOR UPDATE",
    replace: " ORDER BY sale",
    test: mysqlFaults,
    name: "decides each order once for two processes",
  },
  {
    promise: "a transaction that lost against another one is run again",
    file: mysql("pool.ts"),
    find: "const again = isConflict(reason) || ",
    replace: "const again = ",
    test: mysqlFaults,
    name: "runs again when it is the victim of a deadlock",
  },
  {
    promise: "a transaction whose connection broke is run again",
    file: mysql("pool.ts"),
    find: "if (broken) losses += 1;",
    replace: "if (broken) losses += 2;",
    test: mysqlFaults,
    name: "goes on, unnoticed, when its connections are killed",
  },
  {
    promise: "a hung server is given up",
    file: mysql("session.ts"),
    find: "{ sql, timeout, values: [...values] }",
    replace: "{ sql, values: [...values] }",
    test: mysqlFaults,
    name: "answers every call while the server hangs",
  },
  {
    promise: "a migration that failed lets others try",
    file: mysql("migrate.ts"),
    find: "`SELECT RELEASE_LOCK($" + "{lockName})`",
    replace: '"SELECT 1"',
    test: mysqlMigrate,
    name: "refuses a migration that was changed, and lets others try",
  },
  {
    promise: "a migration is applied by one runner",
    file: mysql("migrate.ts"),
    find: "    await lock(session);\n",
    replace: "",
    test: mysqlMigrate,
    name: "applies each version once",
  },
  {
    promise: "never doubled: an order is recognised in its batch",
    file: mysql("place-orders.ts"),
    find: "  facts.known.set(orderId, { status, reason });\n",
    replace: "",
    test: mysqlContract,
    name: "recognises an order it has decided before",
  },
  {
    promise: "a buyer's limit holds within a batch",
    file: mysql("place-orders.ts"),
    find: "    holding.units += order.quantity;\n    holding.keys",
    replace: "    holding.keys",
    test: mysqlContract,
    name: "holds a buyer to the limit",
  },
  {
    promise: "the server must be the host that we connect to",
    file: mysql("pool.ts"),
    find: "verifyIdentity: true",
    replace: "verifyIdentity: false",
    test: "test/integration/mysql-tls.services.test.ts",
    name: "a certificate for another host is told",
  },
];

export const ofServices: readonly Mutation[] = [...inRedis, ...ofLimits, ...inKafka, ...inMysql];
