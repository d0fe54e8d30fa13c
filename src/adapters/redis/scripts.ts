/** The scripts, each behind the shared prelude. */
import type { Script } from "./connection.ts";
import configure from "./scripts/configure.lua" with { type: "text" };
import drop from "./scripts/drop.lua" with { type: "text" };
import held from "./scripts/held.lua" with { type: "text" };
import hold from "./scripts/hold.lua" with { type: "text" };
import level from "./scripts/level.lua" with { type: "text" };
import load from "./scripts/load.lua" with { type: "text" };
import overdue from "./scripts/overdue.lua" with { type: "text" };
import prelude from "./scripts/prelude.lua" with { type: "text" };
import receive from "./scripts/receive.lua" with { type: "text" };
import reserve from "./scripts/reserve.lua" with { type: "text" };
import restock from "./scripts/restock.lua" with { type: "text" };
import seal from "./scripts/seal.lua" with { type: "text" };
import send from "./scripts/send.lua" with { type: "text" };
import sent from "./scripts/sent.lua" with { type: "text" };
import unseal from "./scripts/unseal.lua" with { type: "text" };

const texts = {
  configure,
  drop,
  held,
  hold,
  level,
  load,
  overdue,
  receive,
  reserve,
  restock,
  seal,
  send,
  sent,
  unseal,
};

export type ScriptName = keyof typeof texts;

/** `extra` comes after the prelude; a test puts another clock there. */
export function stockScripts(extra = ""): Readonly<Record<ScriptName, Script>> {
  const entries = Object.entries(texts).map(([name, text]) => {
    const lua = `${prelude}\n${extra}\n${text}`;
    return [name, { name: `doorbuster_${name}`, lua }] as const;
  });
  return Object.fromEntries(entries) as Record<ScriptName, Script>;
}
