// One etcd member.

import { join } from "node:path";
import { etcdAnswers } from "./probes.ts";
import { programPath } from "./programs.ts";
import type { Server } from "./server.ts";

export interface EtcdOptions {
  readonly dir: string;
  readonly port: number;
  readonly peerPort: number;
}

export function etcdServer({ dir, port, peerPort }: EtcdOptions): Server {
  const id = `etcd-${port}`;
  const [client, peer] = [port, peerPort].map((at) => `http://127.0.0.1:${at}`);
  return {
    id,
    dir,
    command: [
      programPath("etcd"),
      ...["--name", "one", "--data-dir", join(dir, `${id}.data`)],
      ...["--listen-client-urls", `${client}`, "--advertise-client-urls", `${client}`],
      ...["--listen-peer-urls", `${peer}`, "--initial-advertise-peer-urls", `${peer}`],
      ...["--initial-cluster", `one=${peer}`],
    ],
    ready: () => etcdAnswers(port),
  };
}
