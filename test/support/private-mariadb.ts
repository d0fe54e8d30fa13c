/** A MariaDB server of a test's own, to be killed, frozen and started again. */
import { createServer } from "node:net";
import { mariadbServer } from "../../scripts/services/mariadb.ts";
import { signalServer, startServer, stopServer } from "../../scripts/services/server.ts";
import { suspendServer } from "./suspend-server.ts";
import { tempDir } from "./temp-dir.ts";

export async function privateMariadb() {
  const port = await freePort();
  const server = mariadbServer({ dir: tempDir(), port });
  await startServer(server);
  return {
    url: `mysql://doorbuster:doorbuster@127.0.0.1:${port}/doorbuster`,
    /** With no time to clean up; resolves once it is back. */
    killAndStart: async () => {
      await stopServer(server, "SIGKILL");
      await startServer(server);
    },
    freeze: () => suspendServer(server),
    thaw: () => signalServer(server, "SIGCONT"),
    stop: () => stopServer(server, "SIGKILL"),
  };
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
