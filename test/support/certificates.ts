/** Certificates of an authority of our own, as a shop's services would have them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf } from "../../scripts/services/process.ts";
import { tempDir } from "./temp-dir.ts";

export interface Certificate {
  /** PEM, and where it is. */
  readonly cert: string;
  readonly certFile: string;
  readonly key: string;
  readonly keyFile: string;
}

export interface Certificates {
  readonly ca: string;
  readonly caFile: string;
  /** For localhost and 127.0.0.1. */
  readonly server: Certificate;
  /** For a host that nobody here has. */
  readonly elsewhere: Certificate;
  readonly client: Certificate;
}

export async function makeCertificates(): Promise<Certificates> {
  const dir = tempDir();
  const authority = await selfSigned(dir);
  const signed = (name: string, names: string) => signedBy(authority, dir, name, names);
  return {
    ca: authority.cert,
    caFile: authority.certFile,
    server: await signed("server", "DNS:localhost,IP:127.0.0.1"),
    elsewhere: await signed("elsewhere", "DNS:elsewhere.example"),
    client: await signed("client", "DNS:client.example"),
  };
}

async function selfSigned(dir: string): Promise<Certificate> {
  const [certFile, keyFile] = [join(dir, "ca.pem"), join(dir, "ca.key")];
  const subject = ["-subj", "/CN=Test authority", "-days", "2"];
  await openssl("req", "-x509", ...newKey(keyFile), ...subject, "-out", certFile);
  return readBoth(certFile, keyFile);
}

async function signedBy(
  authority: Certificate,
  dir: string,
  name: string,
  names: string,
): Promise<Certificate> {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const by = ["-CA", authority.certFile, "-CAkey", authority.keyFile];
  const extensions = ["-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=CA:FALSE"];
  const subject = ["-subj", `/CN=${name}`, "-days", "2"];
  await openssl(
    "req",
    "-x509",
    ...newKey(keyFile),
    ...by,
    ...subject,
    ...extensions,
    "-out",
    certFile,
  );
  return readBoth(certFile, keyFile);
}

function newKey(file: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", file];
}

function readBoth(certFile: string, keyFile: string): Certificate {
  const [cert, key] = [readFileSync(certFile, "utf8"), readFileSync(keyFile, "utf8")];
  return { cert, certFile, key, keyFile };
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { exitCode, output } = await outputOf(["openssl", ...args]);
  if (exitCode !== 0) throw new Error(`openssl ${args[0]} failed:\n${output}`);
}
