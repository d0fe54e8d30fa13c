/** A Kafka broker of a test's own, to be killed, frozen and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kafkaServer, type SecuredListeners } from "../../scripts/services/kafka.ts";
import { signalServer, startServer, stopServer } from "../../scripts/services/server.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { suspendServer } from "../../scripts/support/suspend-server.ts";

export interface PrivateKafka {
  readonly broker: string;
  /** As a power cut would. */
  kill(): Promise<void>;
  /** Resolves once it answers. */
  start(): Promise<void>;
  /** It keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

export async function privateKafka(secured?: SecuredListeners): Promise<PrivateKafka> {
  const dir = mkdtempSync(join(tmpdir(), "doorbuster-kafka-"));
  const [port, controllerPort] = await Promise.all([freePort(), freePort()]);
  const place = { dir, port, controllerPort };
  const server = kafkaServer(secured === undefined ? place : { ...place, secured });
  await startServer(server);
  return {
    broker: `127.0.0.1:${port}`,
    kill: () => stopServer(server, "SIGKILL"),
    start: async () => void (await startServer(server)),
    freeze: () => suspendServer(server),
    thaw: () => void signalServer(server, "SIGCONT"),
    remove: async () => {
      await stopServer(server, "SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
