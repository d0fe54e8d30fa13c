/** The contract suite of locks on a real etcd. */
import { etcdLeases } from "../support/etcd-leases.ts";
import { etcdUrl } from "../support/services.ts";
import { leaseContract } from "./lease.ts";

leaseContract("etcd", async () => {
  const leases = etcdLeases(etcdUrl);
  return { lease: leases.open(), close: leases.close };
});
