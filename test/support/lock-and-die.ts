/** Takes a lock, says its token, and dies without a chance to clean up. */
import { etcdLease } from "../../src/adapters/etcd/lease.ts";
import { openLockWal } from "../../src/adapters/etcd/lock-wal.ts";

const [url = "", prefix = "", log = "", name = ""] = process.argv.slice(2);
const wal = openLockWal(log);
const lease = etcdLease({ hosts: [url], prefix, ttlSeconds: 3, generation: 0, wal });
const held = await lease.acquire(name);
if (held.ok) process.stdout.write(String(held.value.token));
process.kill(process.pid, "SIGKILL");
