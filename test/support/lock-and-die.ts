/** Takes a lock, says its token, and dies without a chance to clean up; with the name of another
 *  lock, as soon as it has queued for that. */
import { etcdLease } from "../../src/adapters/etcd/lease.ts";
import type { LockStep } from "../../src/adapters/etcd/lock-step.ts";
import { openLockWal } from "../../src/adapters/etcd/lock-wal.ts";

const [url = "", prefix = "", log = "", name = "", other] = process.argv.slice(2);
const die = () => process.kill(process.pid, "SIGKILL");
let dieAt: LockStep | null = null;
const wal = openLockWal(log);
const onStep = (step: LockStep) => void (step === dieAt && die());
const lease = etcdLease({ hosts: [url], prefix, ttlSeconds: 3, generation: 0, wal, onStep });
const held = await lease.acquire(name);
if (held.ok) process.stdout.write(String(held.value.token));
if (other === undefined) die();
dieAt = "queued";
await lease.acquire(other ?? "");
