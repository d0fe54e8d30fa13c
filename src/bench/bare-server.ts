/** The yardstick: the least a Bun server can do with a purchase, which is to parse its JSON and
 *  send it back. Every speed of the engine is told as a ratio to this one's in the same run. */
import { atExit } from "../rush/at-exit.ts";
import { pinnedTo } from "../rush/engine-process.ts";
import { RushError } from "../rush/sale-client.ts";

export interface BareServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs in a process of its own. It may use nothing but its own body and Bun. */
function serveBare(): void {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => Response.json(await request.json()),
  });
  console.log(server.url.origin);
}

export async function startBareServer(core: number | undefined): Promise<BareServer> {
  // From its text, so that a compiled binary, which has no source files, can run it too.
  const program = `(${serveBare.toString()})()`;
  const child = Bun.spawn(pinnedTo(core, [process.execPath, "-e", program]), {
    env: { ...process.env, BUN_BE_BUN: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const callOff = atExit(() => child.kill("SIGKILL"));
  child.exited.then(callOff);
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new RushError("the bare server did not start");
  return {
    url: new TextDecoder().decode(value).trim(),
    pid: child.pid,
    stop: async () => {
      child.kill();
      await child.exited;
    },
  };
}
