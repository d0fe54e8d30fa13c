/** Where tests find real services: those that `npm run services -- up` starts, unless the
 * environment names others. */
import { addresses } from "../../scripts/services/catalog.ts";

export const redisUrl = process.env.DOORBUSTER_TEST_REDIS ?? addresses.redis;
export const redisClusterUrl = process.env.DOORBUSTER_TEST_REDIS_CLUSTER ?? addresses.redisCluster;
