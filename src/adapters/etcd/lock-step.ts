/** What is done on the way to a lock and back, in this order; a test may end the process after any
 *  of it. */
export type LockStep = "granted" | "queued" | "first" | "logged" | "deleted" | "freed";
