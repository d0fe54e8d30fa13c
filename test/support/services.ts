/** Where the tests find the real services: those of `npm run services -- up`. */
import { addresses } from "../../scripts/services/catalog.ts";

export const redisUrl = process.env.DOORBUSTER_TEST_REDIS || addresses.redis;
export const redisClusterUrl = process.env.DOORBUSTER_TEST_REDIS_CLUSTER || addresses.redisCluster;
export const kafkaBroker = process.env.DOORBUSTER_TEST_KAFKA || addresses.kafka;
export const etcdUrl = process.env.DOORBUSTER_TEST_ETCD || addresses.etcd;
export const mysqlUrl = process.env.DOORBUSTER_TEST_MYSQL || addresses.mysql;
