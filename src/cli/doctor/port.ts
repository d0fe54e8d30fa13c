/** Whether a port can be listened on, or is served by a running Doorbuster already. */
import { createServer } from "node:net";
import { type Finding, failing, fine } from "../../lib/finding.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Where to ask who serves there. */
  readonly url: string;
}

export async function checkPort(check: string, address: Address): Promise<Finding> {
  if (address.port === 0) return fine(check, "any free one will be taken");
  const code = await listenError(address);
  if (code === null) return fine(check, `${address.port} is free`);
  if (code === "EADDRINUSE" && (await isDoorbuster(address.url))) {
    return fine(check, `${address.port} is served by a running Doorbuster`);
  }
  return failing(check, ...explanation(code, address));
}

function explanation(code: string, { host, port }: Address): [detail: string, help: string] {
  switch (code) {
    case "EADDRINUSE":
      return [`${port} is taken by another program`, "Stop it, or choose another with --port."];
    case "EACCES":
      return [`${port} may not be opened by this user`, "Choose one from 1024 up with --port."];
    case "EADDRNOTAVAIL":
      return [`${host} is no address of this machine`, "Choose one of its own with --host."];
    default:
      return [`${host} port ${port} cannot be listened on (${code})`, "Check host and port."];
  }
}

/** Null if it worked. */
function listenError({ host, port }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (reason: NodeJS.ErrnoException) => resolve(reason.code ?? reason.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function isDoorbuster(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(2_000) });
    const description: unknown = await answer.json();
    return answer.ok && JSON.stringify(description).includes("Doorbuster");
  } catch {
    return false;
  }
}
