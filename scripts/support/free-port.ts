// A port of loopback that nobody listens on at the moment.

import { createServer } from "node:net";

export async function freePort(highest = 65_535): Promise<number> {
  for (;;) {
    const port = await listenOn(0);
    if (port !== null && port <= highest) return port;
  }
}

/** For a server that will be killed and must come back on the same port: no kernel gives one of
 *  these to an outgoing connection meanwhile. */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = await listenOn(lastingFrom + Math.floor(Math.random() * lastingPorts));
    if (port !== null) return port;
  }
}

const lastingFrom = 20_000;
const lastingPorts = 12_000;

/** Null if somebody has it. */
async function listenOn(wanted: number): Promise<number | null> {
  const probe = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(wanted, "127.0.0.1", () => resolve(true));
  });
  if (!listening) return null;
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return address !== null && typeof address === "object" ? address.port : null;
}
