/** An etcd server of a test's own, to be killed, frozen and started again. */
import { createServer } from "node:net";
import { etcdServer } from "../../scripts/services/etcd.ts";
import { signalServer, startServer, stopServer } from "../../scripts/services/server.ts";
import { tempDir } from "./temp-dir.ts";

export type PrivateEtcd = Awaited<ReturnType<typeof privateEtcd>>;

export async function privateEtcd() {
  const [port, peerPort] = [await freePort(), await freePort()];
  const server = etcdServer({ dir: tempDir(), port, peerPort });
  await startServer(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    start: () => startServer(server),
    kill: () => stopServer(server, "SIGKILL"),
    freeze: () => signalServer(server, "SIGSTOP"),
    thaw: () => signalServer(server, "SIGCONT"),
    stop: () => stopServer(server, "SIGKILL"),
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
