// An etcd server of a script's or a test's own, to be killed, frozen and started again.

import { createServer } from "node:net";
import { etcdServer } from "../services/etcd.ts";
import { signalServer, startServer, stopServer } from "../services/server.ts";

export type OwnEtcd = Awaited<ReturnType<typeof ownEtcd>>;

/** Its data, log and pid file are in the directory. */
export async function ownEtcd(dir: string) {
  const [port, peerPort] = [await freePort(), await freePort()];
  const server = etcdServer({ dir, port, peerPort });
  await startServer(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    start: () => startServer(server),
    kill: () => stopServer(server, "SIGKILL"),
    freeze: () => signalServer(server, "SIGSTOP"),
    thaw: () => signalServer(server, "SIGCONT"),
  };
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
