/** Every name that monitoring knows us by: metrics, their help texts and their labels. Labels
 *  are bounded: routes are patterns, statuses and outcomes are the ones this program can
 *  produce. */

export const metricNames = {
  httpRequests: "doorbuster_http_requests_total",
  httpDuration: "doorbuster_http_request_duration_seconds",
  purchases: "doorbuster_purchases_total",
  purchasesWaiting: "doorbuster_purchases_waiting",
  connectionsShed: "doorbuster_connections_shed_total",
  rateLimited: "doorbuster_rate_limit_rejected_total",
  accessDenied: "doorbuster_access_denied_total",
  limiterCalls: "doorbuster_rate_limit_calls_total",
  limiterFailures: "doorbuster_rate_limit_call_failures_total",
  saleRate: "doorbuster_sale_rate_per_second",
  saleRateLowered: "doorbuster_sale_rate_lowered_total",
  saleCacheHits: "doorbuster_sale_cache_hits_total",
  saleCacheMisses: "doorbuster_sale_cache_misses_total",
  ordersPlaced: "doorbuster_orders_placed_total",
  ordersRefused: "doorbuster_orders_refused_total",
  ordersDuplicate: "doorbuster_orders_duplicate_total",
  ordersPoison: "doorbuster_orders_poison_total",
  ordersUnlogged: "doorbuster_orders_unlogged_total",
  ordersSwept: "doorbuster_orders_swept_total",
  salesHeld: "doorbuster_controller_sales_held",
  salesRebuilt: "doorbuster_controller_sales_rebuilt_total",
  staleRefused: "doorbuster_controller_stale_writes_refused_total",
  stockMended: "doorbuster_reconcile_mended_total",
  salesUneven: "doorbuster_reconcile_uneven_total",
  lockTurns: "doorbuster_sale_lock_turns_total",
  lockWaited: "doorbuster_sale_lock_wait_seconds_total",
  lockHeld: "doorbuster_sale_lock_held_seconds_total",
  lockDecided: "doorbuster_sale_lock_decided_total",
  lockStale: "doorbuster_sale_lock_stale_refused_total",
  logSessionsBroken: "doorbuster_log_sessions_broken_total",
  logAssignments: "doorbuster_log_assignments_total",
  persistLag: "doorbuster_persist_lag_seconds",
  processCpu: "process_cpu_seconds_total",
  processMemory: "process_resident_memory_bytes",
  processHeap: "process_heap_used_bytes",
  processStart: "process_start_time_seconds",
} as const;

export type MetricName = (typeof metricNames)[keyof typeof metricNames];

export const metricHelp: Readonly<Record<MetricName, string>> = {
  doorbuster_http_requests_total: "Requests answered, by method, route and status.",
  doorbuster_http_request_duration_seconds: "From the request's headers to the answer.",
  doorbuster_purchases_total: "Purchases that reached the sale, by outcome.",
  doorbuster_purchases_waiting: "Purchases waiting for stock or for the order log.",
  doorbuster_connections_shed_total:
    "Times that idle connections were closed, since files to open ran short.",
  doorbuster_rate_limit_rejected_total: "Requests refused with 429, by policy.",
  doorbuster_access_denied_total: "Purchases refused because of the deny list.",
  doorbuster_rate_limit_calls_total: "Calls to Redis for tokens.",
  doorbuster_rate_limit_call_failures_total: "Calls to Redis for tokens that were not answered.",
  doorbuster_sale_rate_per_second:
    "The rate of an adaptive sale that this process controls, as it is now.",
  doorbuster_sale_rate_lowered_total: "Times that this process lowered such a rate, by reason.",
  doorbuster_sale_cache_hits_total: "Sales found in this process's memory.",
  doorbuster_sale_cache_misses_total: "Sales that had to be read from the repository.",
  doorbuster_orders_placed_total: "Orders written into the ledger.",
  doorbuster_orders_refused_total: "Orders that the ledger refused.",
  doorbuster_orders_duplicate_total: "Deliveries of orders that had been decided before.",
  doorbuster_orders_poison_total: "Messages of the order log that could not be understood.",
  doorbuster_orders_unlogged_total:
    "Orders sold from the ledger that the order log is not known to have.",
  doorbuster_orders_swept_total: "Overdue reservations that were appended again.",
  doorbuster_controller_sales_held: "Sales that this process controls.",
  doorbuster_controller_sales_rebuilt_total: "Sales whose stock was loaded anew.",
  doorbuster_controller_stale_writes_refused_total:
    "Writes of this process that were refused because another controller had taken over.",
  doorbuster_reconcile_mended_total: "Orders and transfers that a comparison of books mended.",
  doorbuster_reconcile_uneven_total: "Sales whose stock did not add up with the ledger.",
  doorbuster_sale_lock_turns_total:
    "Turns of this process at the locks under which sales are sold.",
  doorbuster_sale_lock_wait_seconds_total: "Time from queueing for those turns to their begins.",
  doorbuster_sale_lock_held_seconds_total: "Time that those turns took.",
  doorbuster_sale_lock_decided_total: "Purchases that were decided in those turns.",
  doorbuster_sale_lock_stale_refused_total:
    "Batches of purchases refused by the stock because the lock had passed on.",
  doorbuster_log_sessions_broken_total: "Times the order log's consumer had to connect again.",
  doorbuster_log_assignments_total: "Times the order log's partitions were shared out anew.",
  doorbuster_persist_lag_seconds: "From an order's append to its commit; the oldest of a batch.",
  process_cpu_seconds_total: "CPU time spent, user and system.",
  process_resident_memory_bytes: "Memory that the process holds.",
  process_heap_used_bytes: "Memory that JavaScript objects take.",
  process_start_time_seconds: "When the process started, in seconds since 1970.",
};

export const labelNames = {
  method: "method",
  route: "route",
  status: "status",
  outcome: "outcome",
  policy: "policy",
  sale: "sale",
  reason: "reason",
} as const;

/** Upper bounds of the duration histograms, in seconds. */
export const durationBounds = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5,
] as const;
