// Installs schemathesis into a virtual environment of its own, once per machine: the environment
// lies in the user's cache, outside of this checkout, and is named after the version.

import { homedir } from "node:os";
import { join } from "node:path";

const VERSION = "4.32.5";

/** The path of the executable. Needs python3 and pip; the environment's own pip is not needed. */
export async function installSchemathesis(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const environment = join(cache, "doorbuster", `schemathesis-${VERSION}`);
  const executable = join(environment, "bin", "schemathesis");
  if (await starts(executable)) return executable;
  console.log(`installing schemathesis ${VERSION} into ${environment} …`);
  const python = join(environment, "bin", "python3");
  await run(["python3", "-m", "venv", "--clear", "--without-pip", environment]);
  await run(
    `python3 -m pip --python ${python} install --quiet schemathesis==${VERSION}`.split(" "),
  );
  if (!(await starts(executable))) throw new Error(`${executable} does not start`);
  return executable;
}

async function starts(executable: string): Promise<boolean> {
  if (!(await Bun.file(executable).exists())) return false;
  const child = Bun.spawn([executable, "--version"], { stdio: ["ignore", "ignore", "ignore"] });
  return (await child.exited) === 0;
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "inherit", "inherit"] });
  const exitCode = await child.exited;
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed (exit code ${exitCode})`);
}
