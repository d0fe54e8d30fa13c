/** `doctor`: looks for whatever would keep Doorbuster from running well on this machine, and says
 *  what to do about it. */
import type { Command } from "commander";
import { usesDevelopmentSecret } from "../config/auth-rules.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { isLoopback } from "../config/loopback.ts";
import { formatProblems } from "../config/problems.ts";
import type { Config } from "../config/validate.ts";
import { type Finding, type FindingStatus, failing, fine, warning } from "../lib/finding.ts";
import { ownAdminUrl, ownUrl } from "./connection.ts";
import { checkClock, checkDataDirectory } from "./doctor/data-directory.ts";
import { checkMemory, checkOpenFiles, checkRuntime } from "./doctor/machine.ts";
import { checkPort } from "./doctor/port.ts";
import { documented, type JsonOption, withConfig } from "./documented.ts";
import { printable } from "./table.ts";
import { printJson, printLine, type World } from "./world.ts";

interface DoctorOptions extends JsonOption {
  readonly config?: string;
}

export function doctorCommand(world: World): Command {
  const command = documented("doctor", {
    summary: "check this machine and the configuration; exit code 1 if something must be mended",
    examples: ["doctor", "doctor --config production.yaml", "doctor --json"],
    json: '{"ok":true|false,"findings":[{"check","status":"ok"|"warn"|"fail","detail","help"}…]}',
  });
  return withConfig(command).action((options: DoctorOptions) => examine(world, options));
}

async function examine(world: World, options: DoctorOptions): Promise<void> {
  const loaded = await loadConfig({ cwd: world.cwd, env: world.env, file: options.config });
  const machine = [checkRuntime(), checkMemory(), checkOpenFiles()];
  const ofConfig = loaded.ok
    ? await checkConfigured(world, loaded.value)
    : [failing("configuration", formatProblems(loaded.error), "Mend it, then ask me again.")];
  const findings = [...machine, ...ofConfig];
  const ok = findings.every((finding) => finding.status !== "fail");
  world.exitCode = ok ? 0 : 1;
  if (options.json) printJson(world, { ok, findings });
  else printLine(world, formatFindings(findings, world.colours));
}

async function checkConfigured(world: World, loaded: LoadedConfig): Promise<Finding[]> {
  const { config, file } = loaded;
  const { host, port, metrics, admin } = config;
  const onMetrics = { host, port: metrics.port ?? 0, url: ownUrl(config) };
  const onAdmin = { host: admin.host, port: admin.port ?? 0, url: ownAdminUrl(config) };
  return [
    fine("configuration", file ?? "no file; defaults and environment"),
    checkSecret(config),
    ...(await checkPublicKeys(world, config)),
    ...checkDataDirectory(config.dataDir, world.cwd),
    checkClock(config.dataDir, world.cwd, Date.now()),
    await checkPort("port", { host, port, url: ownUrl(config) }),
    ...(config.stores.kind === "clustered" ? await (await world.operate(config)).findings() : []),
    ...(metrics.port === null ? [] : [await checkPort("metrics port", onMetrics)]),
    ...(admin.port === null ? [] : [await checkPort("admin port", onAdmin)]),
  ];
}

async function checkPublicKeys(world: World, config: Config): Promise<readonly Finding[]> {
  const { jwks, audience } = config.auth;
  if (jwks.url === null && jwks.file === null) return [];
  const found = await (await world.operate(config)).publicKeyFindings();
  if (audience !== null) return found;
  const detail = "auth.audience is null: tokens that were issued for other services are taken, too";
  return [...found, warning("audience", detail, "Set it to what the provider writes into `aud`.")];
}

/** Beyond loopback the configuration itself is refused with the development secret. */
function checkSecret({ auth, host }: Config): Finding {
  if (auth.keys.length === 0) return fine("signing secret", "none; tokens are issued elsewhere");
  if (!usesDevelopmentSecret(auth)) {
    const kids = auth.keys.map((key) => key.kid).join(", ");
    return fine("signing secret", `set (${kids}; the first signs)`);
  }
  const where = isLoopback(host) ? "; accepted on loopback only" : "";
  const help =
    "Before others use it: `openssl rand -base64 32 > FILE`, DOORBUSTER_AUTH_SECRET_FILE.";
  return warning("signing secret", `the development secret${where}`, help);
}

function formatFindings(findings: readonly Finding[], colours: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map((finding) => formatFinding(finding, width, colours));
  return [...lines, "", summary(findings)].join("\n");
}

function formatFinding(finding: Finding, width: number, colours: boolean): string {
  const { check, status, detail, help } = finding;
  const indent = " ".repeat(width + 8);
  const text = detail.split("\n").map(printable).join(`\n${indent}`);
  const advice = help === null ? "" : `\n${indent}→ ${help}`;
  return `${painted(status, colours)}  ${check.padEnd(width)}  ${text}${advice}`;
}

function painted(status: FindingStatus, colours: boolean): string {
  const text = status.padEnd(4);
  return colours ? `\u001b[${codes[status]}m${text}\u001b[0m` : text;
}

const codes: Readonly<Record<FindingStatus, string>> = { ok: "32", warn: "33", fail: "31" };

function summary(findings: readonly Finding[]): string {
  const count = (status: FindingStatus) => findings.filter((one) => one.status === status).length;
  const [fails, warns] = [count("fail"), count("warn")];
  if (fails > 0) return `${fails} to mend, ${warns} to know about.`;
  return warns > 0 ? `Ready; ${warns} to know about.` : "Ready.";
}
