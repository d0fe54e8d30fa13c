// The shortest question that shows a server speaks its protocol.

import { connect } from "node:net";

const answerMs = 1_000;

/** Connects, sends, and looks at the first bytes of the answer. */
export function probe(
  port: number,
  question: Uint8Array | null,
  isAnswer: (bytes: Buffer) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(answerMs, () => end(false));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("data", (bytes: Buffer) => end(isAnswer(bytes)));
    socket.on("connect", () => {
      if (question !== null) socket.write(question);
    });
  });
}

export function redisAnswers(port: number): Promise<boolean> {
  return probe(port, Buffer.from("PING\r\n"), (bytes) => bytes.toString().startsWith("+PONG"));
}

export function redisClusterIsOk(port: number): Promise<boolean> {
  const isOk = (bytes: Buffer) => bytes.toString().includes("cluster_state:ok");
  return probe(port, Buffer.from("CLUSTER INFO\r\n"), isOk);
}

/** Metadata, version 1, of no topics, from a client without a name. */
const metadata = Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0]);

/** It must list a broker: one that starts answers before it may lead partitions. */
export function kafkaAnswers(port: number): Promise<boolean> {
  return probe(
    port,
    metadata,
    (bytes) => bytes.length >= 12 && bytes.readInt32BE(4) === 1 && bytes.readInt32BE(8) >= 1,
  );
}

/** The server greets first: a packet header, then protocol version 10. */
export function mysqlAnswers(port: number): Promise<boolean> {
  return probe(port, null, (bytes) => bytes[4] === 10);
}

/** Whatever its certificate: only whether it is there is asked. */
export async function etcdAnswers(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(answerMs);
  const tls = { rejectUnauthorized: false };
  const answer = await fetch(`${url}/health`, { signal, tls }).catch(() => null);
  return answer?.ok === true;
}
