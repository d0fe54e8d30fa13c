/** The Lua scripts of the stock, each after the clock and the prelude that they share. */
import { script } from "./connection.ts";
import arrived from "./scripts/arrived.lua" with { type: "text" };
import serverClock from "./scripts/clock.lua" with { type: "text" };
import configure from "./scripts/configure.lua" with { type: "text" };
import due from "./scripts/due.lua" with { type: "text" };
import former from "./scripts/former.lua" with { type: "text" };
import hold from "./scripts/hold.lua" with { type: "text" };
import level from "./scripts/level.lua" with { type: "text" };
import load from "./scripts/load.lua" with { type: "text" };
import overdue from "./scripts/overdue.lua" with { type: "text" };
import pendingOfBuyer from "./scripts/pending-of-buyer.lua" with { type: "text" };
import prelude from "./scripts/prelude.lua" with { type: "text" };
import receive from "./scripts/receive.lua" with { type: "text" };
import release from "./scripts/release.lua" with { type: "text" };
import reserve from "./scripts/reserve.lua" with { type: "text" };
import restock from "./scripts/restock.lua" with { type: "text" };
import seal from "./scripts/seal.lua" with { type: "text" };
import send from "./scripts/send.lua" with { type: "text" };
import settle from "./scripts/settle.lua" with { type: "text" };
import unseal from "./scripts/unseal.lua" with { type: "text" };

export type StockScripts = ReturnType<typeof stockScripts>;

/** `clock` is the text of a Lua function `now()`. */
export function stockScripts(clock: string = serverClock) {
  const whole = (body: string) => script(`${clock}\n${prelude}\n${body}`);
  return {
    arrived: whole(arrived),
    configure: whole(configure),
    due: whole(due),
    former: whole(former),
    hold: whole(hold),
    level: whole(level),
    load: whole(load),
    overdue: whole(overdue),
    pendingOfBuyer: whole(pendingOfBuyer),
    receive: whole(receive),
    release: whole(release),
    reserve: whole(reserve),
    restock: whole(restock),
    seal: whole(seal),
    send: whole(send),
    settle: whole(settle),
    unseal: whole(unseal),
  };
}
