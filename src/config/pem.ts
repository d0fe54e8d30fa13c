/** Whether a text is what TLS can use, told before the first connection. */
import { createPrivateKey, X509Certificate } from "node:crypto";

export function isCertificate(text: string): boolean {
  return works(() => new X509Certificate(text));
}

/** One that is encrypted is not: nobody is there to be asked for its password. */
export function isPrivateKey(text: string): boolean {
  return works(() => createPrivateKey(text));
}

function works(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
