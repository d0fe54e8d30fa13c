// A port of loopback that nobody listens on at the moment.

import { createServer } from "node:net";

export async function freePort(highest = 65_535): Promise<number> {
  for (;;) {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    if (address !== null && typeof address === "object" && address.port <= highest) {
      return address.port;
    }
  }
}
