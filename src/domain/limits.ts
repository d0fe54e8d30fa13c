/** Every bound of the system, named once; their relations are asserted when this file is loaded. */
import { assert } from "../lib/assert.ts";

export const limits = {
  /** Units one sale may ever hold. */
  stockMax: 100_000_000,
  /** Units one order may ask for. */
  quantityMax: 1_000,
  /** Units one buyer may hold of one sale. */
  perBuyerLimitMax: 1_000,
  rateMax: 10_000_000,
  bucketsMax: 256,
  paymentWindowMaxSeconds: 86_400,
  nameMaxLength: 200,
  buyerIdMaxLength: 128,
  requestKeyMaxLength: 255,
  fingerprintMaxLength: 64,
  /** Minor units of a currency: 10 digits before the decimal point. */
  priceMaxMinorUnits: 999_999_999_999,

  /** Requests decided by one call of the stock store. */
  reserveBatchMax: 256,
  /** Requests of one sale that may wait for a decision; the next is answered `overloaded`. */
  reserveQueueMax: 20_000,
  /** Events appended to the order log at once. */
  appendBatchMax: 2_048,
  appendQueueMax: 50_000,
  /** Orders placed in one ledger transaction. */
  placeBatchMax: 500,
  /** Reservations of one sale that may run ahead of the ledger. */
  pendingMax: 50_000,
  /** Overdue reservations appended again in one sweep. */
  sweepBatchMax: 2_000,
  /** Orders of one buyer in one sale that are remembered with their request key. */
  buyerOrdersMax: 1_000,
  pageMax: 200,
  pageDefault: 50,
  bodyMaxBytes: 16_384,
  /** Verified tokens of published keys that a process remembers: a retry is not verified again. */
  tokenCacheMax: 5_000,
  /** Keys of a JWKS that are looked at, and how long its text may be. */
  jwksKeysMax: 100,
  jwksMaxBytes: 262_144,
  /** Requests with a key that nobody knows that may wait for the JWKS to be read again; the next
   * is refused at once. */
  keyWaitersMax: 1_000,
  /** Once so large a share of the files that the process may open is taken, idle connections are
   * closed … */
  openFilesShare: 0.9,
  /** … and it is looked so often. */
  connectionsLookMs: 250,
  /** Faults of a request that are listed in one answer. */
  faultsMax: 20,

  /** How long a client waits for an answer. */
  answerDeadlineMs: 1_500,
  /** How long a purchase waits for the lock of a sale that is sold under one, and after which it
   * is not decided anew if that lock was lost … */
  lockWaitMs: 700,
  /** … in how many turns it is tried … */
  lockTriesMax: 3,
  /** … how long a process may keep that lock while others wait for it … */
  lockTurnMs: 50,
  /** … and how often it looks in that time whether it still needs it. */
  lockLooks: 10,
  /** How long an append may stay undecided: afterwards we send nothing more of it. A broker that
   * was frozen with it may still write it later, which does no harm: ADR 8 says why. */
  appendDeadlineMs: 5_000,
  /** After a sweep an entry is left alone for this long; each further sweep doubles it … */
  sweepBackoffMs: 10_000,
  /** … up to this. */
  sweepBackoffMaxMs: 300_000,
  /** A sale's stock is loaded this long before it opens. */
  warmUpLeadMs: 60_000,
  controllerTickMs: 250,
  /** A controller looks this often which sales are its own to care for … */
  controllerFollowMs: 1_000,
  /** … and how many looks long it leaves a sale to another that the sale prefers. */
  controllerPatience: 5,
  /** A sale is cared for this long after it has closed. */
  controlAfterCloseMs: 24 * 3_600_000,
  /** Sales that one process loads at a time. */
  loadsAtOnce: 32,
  /** Stock that is not there for so long was lost; before, somebody may be loading it. */
  stockMissingMs: 2_000,
  /** A sale with a fallback is moved once its stock has been away, or back, for so long. */
  fallBackAfterMs: 3_000,
  /** A process asks this often how such sales are sold … */
  modeRefreshMs: 250,
  /** … and sells them only if it heard within so long. */
  modeConfirmMs: 1_000,
  /** The books of a sale are compared this often. */
  reconcileEveryMs: 15_000,
  /** Consumed messages stay in the log this long, for a person to look at. */
  logRetentionMs: 7 * 24 * 3_600_000,
  /** Passes an audit makes before it says that the numbers do not hold still. */
  auditPassesMax: 8,
  auditPauseMs: 50,
  /** A process learns of changed sales this often, and asks for what changed within the longer
   * span, since clocks differ and a transaction may be slow. */
  saleRefreshMs: 1_000,
  saleChangesMs: 15_000,
  /** Sales kept in memory by a process. */
  saleDirectoryMax: 10_000,
  /** How long reading a JWKS may take … */
  jwksTimeoutMs: 5_000,
  /** … how soon it is tried again when that failed … */
  jwksRetryMs: 10_000,
  /** … and how often at most for the sake of a key that a token names and nobody knows. */
  jwksRefetchMs: 30_000,
  shutdownDeadlineMs: 10_000,

  /** Buckets of one policy that a process keeps in memory. */
  limiterBucketsMax: 200_000,
  /** Buckets that one call of the shared limiter takes from. */
  limiterCallMax: 256,
  /** Requests of one process that may wait for tokens of one bucket; the next is refused. */
  limiterQueueMax: 20_000,
  /** After an answer that did not give all that was asked for, a process leaves a shared bucket
   * alone for so long; nobody waits longer for a token that is not there yet. */
  limiterPauseMs: 5,
  /** A shared bucket that could not be asked is left alone for so long. */
  limiterAwayMs: 100,
  /** The refused are told to come back over up to so many seconds. */
  retrySpreadMaxSeconds: 4,
  /** How often an adaptive rate is decided anew, and how long its signs may take … */
  adaptEveryMs: 100,
  adaptLookMs: 250,
  /** … a cut is given so long to take effect … */
  adaptReactionMs: 200,
  /** … from floor to ceiling it takes so long … */
  adaptRaiseMs: 8_000,
  /** … and after so long without a sign of the ledger a rate is lowered. */
  adaptBlindMs: 2_000,
  /** A rate that was lowered is forgotten after so long without a controller. */
  adaptedKeptMs: 3_600_000,
  /** What the targets of an adaptive rate may be. */
  adaptTargetMinMs: 20,
  adaptTargetMaxMs: 60_000,
  /** Limits and lists of who may come are looked at this often. */
  admissionRefreshMs: 500,
  /** Entries of the deny list and the allow list together. */
  accessEntriesMax: 5_000,
  accessNoteMaxLength: 200,
} as const;

assert(limits.answerDeadlineMs < limits.appendDeadlineMs, "a client must not wait past the append");
assert(2 * limits.lockWaitMs < limits.answerDeadlineMs, "a lock must leave time to append");
assert(limits.lockTurnMs < limits.lockWaitMs, "whoever waits for a lock must see a turn end");
assert(limits.appendDeadlineMs <= limits.sweepBackoffMs, "a sweep must not race its own append");
assert(limits.reserveBatchMax <= limits.reserveQueueMax, "a reserve batch must fit its queue");
assert(limits.appendBatchMax <= limits.appendQueueMax, "an append batch must fit its queue");
assert(
  limits.reserveQueueMax <= limits.appendQueueMax,
  "every reservation must find room to append",
);
assert(limits.sweepBatchMax <= limits.appendQueueMax, "a sweep must fit the append queue");
assert(limits.pageDefault <= limits.pageMax, "the default page must be allowed");
assert(
  limits.quantityMax <= limits.perBuyerLimitMax,
  "one order may not ask for more than a buyer",
);
assert(limits.buyerOrdersMax >= limits.perBuyerLimitMax, "every unit may be an order of its own");
