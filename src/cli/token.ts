/** `token`: signs a bearer token with the configuration's key, without asking a server. */
import { type Command, Option } from "commander";
import { usesDevelopmentSecret } from "../config/auth-rules.ts";
import { parseBuyerId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { documented, type JsonOption, wholeNumber, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { type Scope, signToken } from "./sign-token.ts";
import { configOf, printJson, printLine, type World } from "./world.ts";

interface TokenOptions extends JsonOption {
  readonly sub: string;
  readonly scope: Scope;
  readonly ttl?: number;
  readonly count?: number;
  readonly config?: string;
}

const ttlMaxSeconds = 31_536_000;
const countMax = 1_000_000;

export function tokenCommand(world: World): Command {
  const command = documented("token", {
    summary: "sign a bearer token with the configured secret",
    examples: [
      "token --sub alice --scope buy",
      "token --sub ops --scope admin --ttl 600",
      "token --sub load --scope buy --count 5000",
      "sale list --token $(doorbuster token --sub ops --scope admin)",
    ],
    json:
      '{"token":text,"sub":text,"scope":"buy"|"admin","expiresAt":time};\n' +
      "with --count one on each line",
  })
    .requiredOption("--sub <id>", "whom the token is for: a buyer's id (required)")
    .addOption(
      new Option("--scope <scope>", "what it allows (required)")
        .choices(["buy", "admin"])
        .makeOptionMandatory(),
    )
    .option("--ttl <seconds>", "how long (default: auth.tokenTtlSeconds)", ttl)
    .option("--count <n>", "one for each of SUB-1 to SUB-n, for a load test", subjects);
  return withConfig(command).action((options: TokenOptions) => printToken(world, options));
}

const ttl = wholeNumber(1, ttlMaxSeconds);
const subjects = wholeNumber(1, countMax);

async function printToken(world: World, options: TokenOptions): Promise<void> {
  const { config } = await configOf(world, options.config);
  const { json, scope } = options;
  for (const sub of subjectsOf(options)) {
    const { token, expiresAt } = signToken(config.auth, { sub, scope }, options.ttl);
    if (json) printJson(world, { token, sub, scope, expiresAt: expiresAt.toISOString() });
    else printLine(world, token);
  }
  if (usesDevelopmentSecret(config.auth)) {
    world.err("doorbuster: signed with the development secret, good on this machine only\n");
  }
}

function subjectsOf({ sub, count }: TokenOptions): string[] {
  if (count === undefined) return [checkedSubject(sub)];
  return Array.from({ length: count }, (_, index) => checkedSubject(`${sub}-${index + 1}`));
}

function checkedSubject(sub: string): string {
  if (parseBuyerId(sub) !== null) return sub;
  const message = `--sub must have 1 to ${limits.buyerIdMaxLength} printable ASCII characters`;
  throw new CliFailure({ code: "usage", usage: true, message });
}
