/** A Kafka broker of a test's own that is reached by encrypted ways, with and without a login. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/support/free-port.ts";
import type { Certificate, Certificates } from "./certificates.ts";
import { type PrivateKafka, privateKafka } from "./private-kafka.ts";
import { tempDir } from "./temp-dir.ts";

export const login = { username: "shop", password: "open sesame" };
/** A login is good for that long; then it must be renewed. */
export const loginMs = 2_000;

/** Where it is reached by which protocol, beside the open way. */
const protocols = {
  tls: "SSL",
  /** For those who show a certificate. */
  mutual: "SSL",
  /** With a certificate for another host. */
  elsewhere: "SSL",
  sasl: "SASL_SSL",
  clear: "SASL_PLAINTEXT",
} as const;
type Way = keyof typeof protocols;

export type SecuredKafka = PrivateKafka & Readonly<Record<Way, string>>;

export async function securedKafka(certificates: Certificates): Promise<SecuredKafka> {
  const port = {
    ...{ tls: await freePort(), mutual: await freePort(), elsewhere: await freePort() },
    ...{ sasl: await freePort(), clear: await freePort() },
  };
  const kafka = await privateKafka({
    listeners: (Object.keys(protocols) as Way[]).map((way) => {
      return { name: way.toUpperCase(), protocol: protocols[way], port: port[way] };
    }),
    properties: propertiesOf(certificates),
    scram: ["SCRAM-SHA-256", "SCRAM-SHA-512"].map((mechanism) => {
      return `${mechanism}=[name=${login.username},password=${login.password}]`;
    }),
  });
  const at = (way: Way) => `127.0.0.1:${port[way]}`;
  return {
    ...{ ...kafka, tls: at("tls"), mutual: at("mutual"), elsewhere: at("elsewhere") },
    ...{ sasl: at("sasl"), clear: at("clear") },
  };
}

function propertiesOf({ caFile, server, elsewhere }: Certificates): string[] {
  const known = `user_${login.username}="${login.password}"`;
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${known};`;
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  return [
    "ssl.keystore.type=PEM",
    `ssl.keystore.location=${keyStore(server)}`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${caFile}`,
    "listener.name.mutual.ssl.client.auth=required",
    "listener.name.elsewhere.ssl.keystore.type=PEM",
    `listener.name.elsewhere.ssl.keystore.location=${keyStore(elsewhere)}`,
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ...["sasl", "clear"].flatMap((way) => [
      `listener.name.${way}.plain.sasl.jaas.config=${plain}`,
      `listener.name.${way}.scram-sha-256.sasl.jaas.config=${scram}`,
      `listener.name.${way}.scram-sha-512.sasl.jaas.config=${scram}`,
    ]),
    `listener.name.sasl.connections.max.reauth.ms=${loginMs}`,
  ];
}

/** The broker wants both in one file. */
function keyStore({ key, cert }: Certificate): string {
  const file = join(tempDir(), "keystore.pem");
  writeFileSync(file, key + cert);
  return file;
}
