/** A MariaDB server of a test's own, to be killed, frozen and started again. */
import { mariadbServer } from "../../scripts/services/mariadb.ts";
import { signalServer, startServer, stopServer } from "../../scripts/services/server.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { suspendServer } from "../../scripts/support/suspend-server.ts";
import { tempDir } from "./temp-dir.ts";

export async function privateMariadb(flags: readonly string[] = []) {
  const port = await freePort();
  const server = mariadbServer({ dir: tempDir(), port, flags });
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
