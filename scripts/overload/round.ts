// One attack beside a steady load of real purchases: an engine of its own, purchases alone, then
// the same with the attack, then the audit.

import { FreshBuyers } from "../../src/bench/buyers.ts";
import type { LoadResult } from "../../src/bench/load-meter.ts";
import { sendSteadily } from "../../src/bench/open-loop.ts";
import { ConnectionPool } from "../../src/rush/connection-pool.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { endpointOf } from "../../src/rush/exchange.ts";
import { waitUntilPersisted } from "../../src/rush/persistence.ts";
import { residentBytesOf } from "../../src/rush/process-usage.ts";
import { SaleClient } from "../../src/rush/sale-client.ts";
import { newSecret } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { TokenSigner } from "../../src/rush/tokens.ts";
import type { Attack, AttackTarget } from "./attacks.ts";

export interface RoundPlan {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface RoundResult {
  readonly attack: string;
  readonly alone: LoadResult;
  readonly attacked: LoadResult;
  /** Of the engine: before, and the most meanwhile. */
  readonly memoryMiB: { readonly before: number; readonly most: number };
  /** What the attacker counted. */
  readonly attacker: Readonly<Record<string, number>>;
  /** What is wrong; empty if the purchases went well. */
  readonly faults: readonly string[];
}

/** Files that the engine may open where they are to run out. */
const filesWhenShort = 2_000;
/** Time for the attack to reach its full swing, and for the attacker to be there to its end. */
const swingSeconds = 15;

export async function runRound(attack: Attack, plan: RoundPlan): Promise<RoundResult> {
  const data = await makeTemporaryDirectory("overload");
  const secret = newSecret();
  const engine = await startEngine({ dataDir: data.path, secret });
  try {
    return await attackBeside(engine, secret, attack, plan);
  } finally {
    await engine.stop();
    await data.remove();
  }
}

async function attackBeside(
  engine: EngineProcess,
  secret: string,
  attack: Attack,
  plan: RoundPlan,
): Promise<RoundResult> {
  const signer = new TokenSigner(secret, Date.now());
  const client = new SaleClient(engine.url, signer.sign("admin", "admin"));
  const saleId = (await client.openSale(sale)).id;
  const load = await steadyLoad(engine, signer, saleId, plan);
  const files = attack.name === "files" ? limitFiles(engine.pid) : 0;
  const token = signer.sign("mallory", "buy");
  const target = { ...endpointOf(engine.url), saleId, token, files };
  await load(1);
  const alone = await load(plan.seconds);
  const before = memoryOf(engine.pid);
  const attacker = await startAttacker(attack, target, plan.seconds + swingSeconds);
  const memory = watchMemory(engine.pid);
  const attacked = await load(plan.seconds);
  const most = memory.stop();
  const counts = await attacker.stop();
  await load.close();
  const attacks = Object.keys(counts).length > 0;
  const lostMax = attack.closesOthers ? 0.2 : 0.001;
  const faults = [
    ...(attacks ? [] : ["the attacker ended too early"]),
    ...(await faultsOf(client, saleId, [alone, attacked], lostMax)),
  ];
  const memoryMiB = { before, most };
  return { attack: attack.name, alone, attacked, memoryMiB, attacker: counts, faults };
}

const unlimited = { perSecond: 10_000_000, burst: 10_000_000 };
const sale = {
  ...{ productId: "overload", name: "Under attack", stock: 10_000_000, perBuyerLimit: 1 },
  rateLimit: unlimited,
};

/** Purchases at a steady rate, each of a buyer never seen before. */
async function steadyLoad(
  engine: EngineProcess,
  signer: TokenSigner,
  saleId: string,
  { perSecond, connections }: RoundPlan,
) {
  const endpoint = endpointOf(engine.url);
  const pool = new ConnectionPool({ endpoint, connections, queueMax: 10_000, deadlineMs: 5_000 });
  await pool.ready;
  const buyers = new FreshBuyers(signer);
  const run = (seconds: number) => {
    const requests = buyers.purchases(endpoint, saleId, Math.ceil(perSecond * seconds) + 1);
    const serverPid = engine.pid;
    return sendSteadily({ pool, requests, perSecond, seconds, serverPid, pace: "relaxed" });
  };
  return Object.assign(run, { close: async () => pool.close() });
}

/** 0 where a running process's limit cannot be changed. */
function limitFiles(pid: number): number {
  if (Bun.which("prlimit") === null) return 0;
  const limit = `--nofile=${filesWhenShort}:${filesWhenShort}`;
  const { exitCode } = Bun.spawnSync(["prlimit", "--pid", String(pid), limit]);
  return exitCode === 0 ? filesWhenShort : 0;
}

const program = new URL("./attacker.ts", import.meta.url).pathname;

/** Elsewhere an attacker has a machine of his own. */
const lowPriority = Bun.which("nice") === null ? [] : ["nice", "-n", "19"];

async function startAttacker(attack: Attack, target: AttackTarget, seconds: number) {
  const command = [process.execPath, program, attack.name, String(seconds)];
  const child = Bun.spawn([...lowPriority, ...command], {
    stdio: [new Blob([JSON.stringify(target)]), "pipe", "inherit"],
  });
  const ready = Promise.withResolvers<void>();
  const text = (async () => {
    let said = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      said += decoder.decode(chunk, { stream: true });
      if (said.startsWith("ready")) ready.resolve();
    }
    ready.resolve();
    return said;
  })();
  await Promise.race([ready.promise, Bun.sleep((swingSeconds - 3) * 1_000)]);
  const stop = async (): Promise<Record<string, number>> => {
    child.kill("SIGINT");
    const last = (await text).trim().split("\n").at(-1) ?? "";
    return last.startsWith("{") ? JSON.parse(last) : {};
  };
  return { stop };
}

function memoryOf(pid: number): number {
  return Math.round((residentBytesOf(pid) ?? 0) / 2 ** 20);
}

function watchMemory(pid: number) {
  let most = memoryOf(pid);
  const look = () => {
    most = Math.max(most, memoryOf(pid));
  };
  const timer = setInterval(look, 100);
  const stop = () => {
    clearInterval(timer);
    return most;
  };
  return { stop };
}

/** A purchase whose connection is closed under it is lost to a client that does not try again, and
 * this one does not: a share of those is no fault where connections are closed to make room. */
async function faultsOf(
  client: SaleClient,
  saleId: string,
  loads: readonly LoadResult[],
  lostMax: number,
): Promise<string[]> {
  const faults = loads.flatMap(({ statuses, examples, lost, drops, answered }) => [
    ...Object.keys(statuses)
      .filter((status) => status !== "202")
      .map((status) => `${statuses[status]} answers with ${status}: ${examples[status]}`),
    ...(lost + drops > answered * lostMax ? [`${lost} purchases lost, ${drops} never sent`] : []),
  ]);
  const { ok } = await waitUntilPersisted(client, saleId);
  return ok === true ? faults : [...faults, "the audit does not hold"];
}
