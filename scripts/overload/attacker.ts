// One attack as a process of its own: `attacker.ts NAME SECONDS`, the target as JSON on stdin. Says
// `ready`, and at its end what it did. Ends by itself, and attacks nothing beyond this machine.

import { isLoopback } from "../../src/config/loopback.ts";
import { type AttackTarget, attacks } from "./attacks.ts";

const [name, seconds] = process.argv.slice(2);
const target = (await Bun.stdin.json()) as AttackTarget;
const attack = attacks.find((one) => one.name === name);
if (attack === undefined || !isLoopback(target.hostname)) process.exit(2);
setTimeout(end, Number(seconds) * 1_000);
process.on("SIGINT", end);
const tally = attack.start(target);
await tally.ready;
console.log("ready");

function end(): void {
  console.log(JSON.stringify(tally.counts()));
  process.exit(0);
}
