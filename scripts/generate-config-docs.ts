// Writes docs/config.md from the schema in src/config. Run it after changing a setting
// (`npx bun scripts/generate-config-docs.ts`); a test fails while the page is not up to date.

import { join } from "node:path";
import { otherVariables } from "../src/config/environment.ts";
import {
  allowedBy,
  type Field,
  fields,
  isNode,
  type SchemaNode,
  typeOf,
} from "../src/config/fields.ts";

export const CONFIG_PAGE = join(import.meta.dir, "..", "docs", "config.md");

export function configPage(): string {
  return [
    introduction,
    "## Settings\n",
    ...fields.map(section),
    "## Other variables\n",
    table(["Variable", "Meaning"], Object.entries(otherVariables).map(variableRow)),
    "",
  ].join("\n");
}

function section(field: Field): string {
  const rows = [
    ["Default", code(JSON.stringify(field.default))],
    ["Allowed", prose(allowedBy(field.node))],
    ["Environment", environmentOf(field)],
  ];
  return `### ${field.path}\n\n${field.description}\n\n${table(["", ""], rows)}\n`;
}

function environmentOf({ variable, secret, node }: Field): string {
  const asFile = secret ? `, or ${code(`${variable}_FILE`)} with the name of a file` : "";
  return `${code(variable)}${asFile}${howToWrite(node)}`;
}

function howToWrite(node: SchemaNode): string {
  if (typeOf(node) !== "array") return "";
  const ofGroups = isNode(node.items) && node.items.properties !== undefined;
  return ofGroups ? "; as JSON" : "; a list as `a,b` or as JSON";
}

function variableRow([name, meaning]: [string, string]): [string, string] {
  return [code(name), meaning];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell. */
function prose(text: string): string {
  return text.replaceAll("|", "\\|");
}

const introduction = `# Configuration

<!-- Generated from src/config/schema.ts by scripts/generate-config-docs.ts; do not edit. -->

Doorbuster runs without any configuration. What it is told comes in layers; a later one wins,
setting by setting:

1. the defaults below;
2. a file: \`doorbuster.yaml\`, \`doorbuster.yml\` or \`doorbuster.json\` in the working directory,
   or the one that \`--config FILE\` names. A secret may also be in a file of its own:
   \`urlFile: PATH\` instead of \`url\`;
3. the environment: \`DOORBUSTER_\` and the setting's path in capitals, so \`auth.devTokens\` is
   \`DOORBUSTER_AUTH_DEV_TOKENS\`. A secret may also be in a file that \`…_FILE\` names. An empty
   variable counts as not set; \`null\` sets null;
4. flags of \`doorbuster serve\`: \`--roles\`, \`--host\`, \`--port\`, \`--data\` (dataDir),
   \`--log-level\`, \`--log-format\`.

All problems are reported together, with the field, its value, where it was set and what is
allowed. An unknown setting or \`DOORBUSTER_\` variable is a problem, too. \`config check\`
looks without starting anything; \`config print\` shows what is in effect and where each
value comes from. Secrets are never shown.

A file that listens to the whole network and rotates its signing keys:

\`\`\`yaml
host: 0.0.0.0
dataDir: /var/lib/doorbuster
auth:
  keys:
    - kid: "2026-07"
      secret: <the new secret, at least 32 bytes; it signs>
    - kid: "2026-01"
      secret: <the old secret; it still verifies>
log:
  format: json
\`\`\`

One that reaches its services by encrypted ways, as somebody they know:

\`\`\`yaml
stores:
  kind: clustered
redis:
  urlFile: secrets/redis-url # rediss://user:password@redis.example:6379
  tls:
    caFile: authority.pem
kafka:
  brokers: [kafka-1.example:9093, kafka-2.example:9093]
  tls:
    enabled: true
    caFile: authority.pem
  sasl:
    mechanism: SCRAM-SHA-512
    username: doorbuster
    passwordFile: secrets/kafka-password
mysql:
  urlFile: secrets/mysql-url
  tls:
    enabled: true
    caFile: authority.pem
\`\`\`
`;

if (import.meta.main) await Bun.write(CONFIG_PAGE, configPage());
