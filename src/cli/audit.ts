/** `audit SALE`: is every unit accounted for? Exit code 1 unless the server says yes. */
import type { Command } from "commander";
import { z } from "zod";
import { callApi } from "./api-client.ts";
import { adminClient, type ConnectionOptions, withConnection } from "./connection.ts";
import { documented, type JsonOption } from "./documented.ts";
import { formatPairs } from "./table.ts";
import { printJson, printLine, type World } from "./world.ts";

const auditSchema = z.looseObject({
  ok: z.boolean().nullable(),
  stock: z.number(),
  remaining: z.number(),
  pending: z.number(),
  inTransfer: z.number(),
  sold: z.number(),
  released: z.number(),
  refused: z.number(),
  orders: z.number(),
  duplicates: z.number(),
  overLimitBuyers: z.number(),
  findings: z.array(z.string()).optional(),
  checkedAt: z.string(),
});

type AuditView = z.output<typeof auditSchema>;

export function auditCommand(world: World): Command {
  const command = documented("audit", {
    summary: "check that every unit of a sale is accounted for; exit code 1 if not",
    examples: ["audit s1", "audit s1 --json"],
    json:
      '{"ok":true|false|null,"stock":n,"remaining":n,"pending":n,"inTransfer":n,"sold":n,…},\n' +
      "as GET /v1/sales/{id}/audit answers; null: the numbers do not hold still",
  }).argument("<sale>", "the sale's id, like s1");
  type Options = ConnectionOptions & JsonOption;
  return withConnection(command).action(async (id: string, options: Options) => {
    const path = `/v1/sales/${encodeURIComponent(id)}/audit`;
    const audit = await callApi(await adminClient(world, options), { path }, auditSchema);
    if (options.json) printJson(world, audit);
    else printLine(world, formatAudit(id, audit));
    world.exitCode = audit.ok === true ? 0 : 1;
  });
}

export function formatAudit(id: string, audit: AuditView): string {
  const { stock, remaining, pending, inTransfer, sold } = audit;
  const sum = [
    `${remaining} remaining`,
    `${pending} pending`,
    `${inTransfer} in transfer`,
    `${sold} sold`,
  ];
  return formatPairs([
    ["audit", `${id}: ${verdict(audit)}`],
    ["stock", `${stock} = ${sum.join(" + ")}`],
    ["orders", `${audit.orders}, ${audit.refused} units refused, ${audit.released} released`],
    ["doubled", `${audit.duplicates} request keys, ${audit.overLimitBuyers} buyers over the limit`],
    ["checked", audit.checkedAt],
    ...(audit.findings ?? []).map((finding) => ["finding", finding] as const),
  ]);
}

function verdict({ ok }: AuditView): string {
  if (ok === null) return "undecided; the numbers do not hold still, ask again when it is calmer";
  return ok ? "ok, every unit is accounted for" : "FAILED";
}
