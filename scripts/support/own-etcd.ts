// An etcd server of a script's or a test's own, to be killed, frozen and started again.

import { type EtcdOptions, etcdServer } from "../services/etcd.ts";
import { signalServer, startServer, stopServer } from "../services/server.ts";
import { freePort } from "./free-port.ts";

export type OwnEtcd = Awaited<ReturnType<typeof ownEtcd>>;

/** Its data, log and pid file are in the directory. */
export async function ownEtcd(dir: string, certificate?: EtcdOptions["certificate"]) {
  const [port, peerPort] = [await freePort(), await freePort()];
  const server = etcdServer({ dir, port, peerPort, ...(certificate && { certificate }) });
  await startServer(server);
  return {
    port,
    url: `${certificate ? "https" : "http"}://127.0.0.1:${port}`,
    start: () => startServer(server),
    kill: () => stopServer(server, "SIGKILL"),
    freeze: () => signalServer(server, "SIGSTOP"),
    thaw: () => signalServer(server, "SIGCONT"),
  };
}
