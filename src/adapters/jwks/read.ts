/** Where a JWKS comes from: a URL or a file. Neither may take long or be long. */
import { limits } from "../../domain/limits.ts";

export interface JwksPlace {
  readonly url: string | null;
  readonly file: string | null;
  /** PEM; null: the authorities of the system. */
  readonly ca: string | null;
}

/** Null if there is none. */
export function jwksReader({ url, file, ca }: JwksPlace): (() => Promise<string>) | null {
  if (url !== null) return () => readUrl(url, ca);
  if (file !== null) return () => readFile(file);
  return null;
}

/** A redirection is not followed: it could lead out of https. */
async function readUrl(url: string, ca: string | null): Promise<string> {
  const answer = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(limits.jwksTimeoutMs),
    ...(ca !== null && { tls: { ca } }),
  });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`${url} answered ${answer.status}`);
  }
  return await readWhole(answer.body ?? [], url);
}

function readFile(path: string): Promise<string> {
  return readWhole(Bun.file(path).stream(), path);
}

async function readWhole(chunks: AsyncIterable<Uint8Array> | [], from: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks) {
    size += part.byteLength;
    if (size > limits.jwksMaxBytes) {
      throw new Error(`${from} has more than ${limits.jwksMaxBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
