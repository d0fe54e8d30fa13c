/** Redis servers that only one test file uses, so that it may stop, hang, flush and break them. */
import { createServer } from "node:net";
import { redisServer } from "../../scripts/services/redis.ts";
import { signalServer, startServer, stopServer } from "../../scripts/services/server.ts";
import { tempDir } from "./temp-dir.ts";

export interface PrivateRedis {
  readonly port: number;
  readonly url: string;
  /** Resolves once it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** It keeps its connections and answers nothing. */
  hang(): void;
  resume(): void;
}

/** Loopback has ports for the bus of a cluster 10,000 above those of clients. */
const highestPort = 55_535;

export async function privateRedis(options: { cluster?: boolean } = {}): Promise<PrivateRedis> {
  const port = await freePort();
  const server = redisServer({ dir: tempDir(), port, ...options });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      await startServer(server);
    },
    stop: () => stopServer(server),
    kill: () => stopServer(server, "SIGKILL"),
    hang: () => {
      signalServer(server, "SIGSTOP");
    },
    resume: () => {
      signalServer(server, "SIGCONT");
    },
  };
}

async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    if (address !== null && typeof address === "object" && address.port <= highestPort) {
      return address.port;
    }
  }
}
