// MariaDB with durable commits, a database `doorbuster` and a user of that name.

import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mysqlAnswers } from "./probes.ts";
import { runToEnd } from "./process.ts";
import { programPath } from "./programs.ts";
import type { Server } from "./server.ts";

export interface MariadbOptions {
  readonly dir: string;
  readonly port: number;
  /** After those that are set here. */
  readonly flags?: readonly string[];
}

export function mariadbServer({ dir, port, flags = [] }: MariadbOptions): Server {
  const id = `mariadb-${port}`;
  const data = join(dir, `${id}.data`);
  const socket = join(dir, "s");
  const user = process.getuid?.() === 0 ? ["--user=root"] : [];
  return {
    id,
    dir,
    command: [
      programPath("mariadbd"),
      "--no-defaults",
      ...user,
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=1",
      "--innodb-buffer-pool-size=512M",
      "--innodb-log-file-size=512M",
      "--max-connections=400",
      ...flags,
    ],
    prepare: async () => {
      if (!existsSync(data)) await install(data, user);
    },
    ready: () => mysqlAnswers(port),
    settle: () =>
      runToEnd([programPath("mariadb"), `--socket=${socket}`, "--user=root", "-e", grants]),
  };
}

/** Into a folder beside the final one first, so that a broken installation is not taken for a
 *  whole one. */
async function install(data: string, user: readonly string[]): Promise<void> {
  const part = `${data}.part`;
  rmSync(part, { recursive: true, force: true });
  const how = ["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"];
  await runToEnd([programPath("mariadb-install-db"), ...how, `--datadir=${part}`, ...user]);
  renameSync(part, data);
}

/** Tests make databases of their own, whose names begin with the user's. */
const grants = `
CREATE DATABASE IF NOT EXISTS doorbuster;
CREATE USER IF NOT EXISTS 'doorbuster'@'127.0.0.1' IDENTIFIED BY 'doorbuster';
GRANT ALL ON \`doorbuster%\`.* TO 'doorbuster'@'127.0.0.1';
GRANT PROCESS, CONNECTION ADMIN ON *.* TO 'doorbuster'@'127.0.0.1';
`;
