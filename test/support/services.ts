/** Where the services are that tests talk to. */
export const kafkaBrokers = process.env.DOORBUSTER_TEST_KAFKA ?? "127.0.0.1:19092";
