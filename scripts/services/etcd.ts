// One etcd member.

import { join } from "node:path";
import { etcdAnswers } from "./probes.ts";
import { programPath } from "./programs.ts";
import type { Server } from "./server.ts";

export interface EtcdOptions {
  readonly dir: string;
  readonly port: number;
  readonly peerPort: number;
  /** Files with the certificate and its key; then clients must come by https. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

export function etcdServer({ dir, port, peerPort, certificate }: EtcdOptions): Server {
  const id = `etcd-${port}`;
  const scheme = certificate === undefined ? "http" : "https";
  const [client, peer] = [`${scheme}://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return {
    id,
    dir,
    command: [
      programPath("etcd"),
      ...["--name", "one", "--data-dir", join(dir, `${id}.data`)],
      ...["--listen-client-urls", `${client}`, "--advertise-client-urls", `${client}`],
      ...["--listen-peer-urls", `${peer}`, "--initial-advertise-peer-urls", `${peer}`],
      ...["--initial-cluster", `one=${peer}`],
      ...(certificate === undefined
        ? []
        : ["--cert-file", certificate.certFile, "--key-file", certificate.keyFile]),
    ],
    ready: () => etcdAnswers(client),
  };
}
