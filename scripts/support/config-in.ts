// The configuration in a file, and nothing of the caller's own.

import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/validate.ts";

export async function configIn(file: string): Promise<Config> {
  const loaded = await loadConfig({ cwd: process.cwd(), env: {}, file, flags: [] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}
