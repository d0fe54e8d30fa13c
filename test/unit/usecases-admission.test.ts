// Who may buy how often: the order of the limits, who is spared which, and how changes get around.

import { describe, expect, test } from "bun:test";
import { embeddedRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import {
  type AccessEntry,
  type AdmissionLimits,
  type AdmissionSettings,
  accessValue,
  addressKey,
  noSettings,
  rulesOf,
} from "../../src/domain/admission.ts";
import { type BuyerId, instant } from "../../src/domain/ids.ts";
import { parseAddress } from "../../src/lib/ip-network.ts";
import { err, ok } from "../../src/lib/result.ts";
import type { AdmissionRepository } from "../../src/ports/admission-repository.ts";
import type { NotAdmitted, RateLimiter } from "../../src/ports/rate-limiter.ts";
import { admissionDirectory } from "../../src/usecases/admission-directory.ts";
import { admitBuyer, admitVisitor, refusedAtOnce, visitorFrom } from "../../src/usecases/admit.ts";
import {
  changeLimits,
  putAccess,
  readAdmission,
  removeAccess,
} from "../../src/usecases/change-admission.ts";
import { sale, virtualClock } from "../support/builders.ts";

const one = { perSecond: 1, burst: 1 };
const ada = "ada" as BuyerId;
const open = sale({ rateLimit: { perSecond: 1, burst: 2, adaptive: null } });
const at = (text: string) => parseAddress(text);

function entry(list: "deny" | "allow", kind: "buyers" | "networks", value: string): AccessEntry {
  return { list, kind, value, note: null, createdAt: instant(0) };
}

function doorWith(limits: Partial<AdmissionLimits>, access: readonly AccessEntry[] = []) {
  const clock = virtualClock(1_000);
  const settings = { limits: { ...noSettings.limits, ...limits }, access, version: 1 };
  const rules = rulesOf(settings);
  const limiter = embeddedRateLimiter(clock);
  const deps = { limiter, admission: { current: () => rules } };
  const visitor = (text: string | null) => visitorFrom(rules, text === null ? null : at(text));

  /** As a purchase goes: what refuses it, or null. */
  async function buy(address: string | null, buyerId = ada): Promise<string | null> {
    const from = visitor(address);
    const refused = refusedAtOnce(deps, from, open);
    if (refused !== null || from === null) return nameOf(refused);
    const turnedAway = await admitVisitor(deps, from);
    return nameOf(turnedAway ?? (await admitBuyer(deps, buyerId, open)));
  }

  return { clock, deps, limiter, rules, visitor, buy };
}

function nameOf(refused: { kind: string; policy?: string } | null): string | null {
  return refused === null ? null : (refused.policy ?? refused.kind);
}

describe("a purchase", () => {
  test("takes from the address, the buyer, the sale and everybody", async () => {
    const door = doorWith({ ip: one, buyer: one, global: one });
    expect(await door.buy("192.0.2.1")).toBeNull();
    expect(await door.buy("192.0.2.1")).toBe("ip");
    // What is known to be empty refuses before anything is taken from the others.
    expect(await door.buy("192.0.2.2")).toBe("global");
    door.clock.advance(1_000);
    expect(await door.buy("192.0.2.3", "bob" as BuyerId)).toBeNull();
    expect(await door.buy("192.0.2.3", "eve" as BuyerId)).toBe("ip");
  });

  test("that its buyer's limit refuses takes nothing from the sale", async () => {
    const door = doorWith({ buyer: one });
    expect(await door.buy(null)).toBeNull();
    for (let n = 0; n < 5; n += 1) expect(await door.buy(null)).toBe("buyer");
    expect(await door.buy(null, "bob" as BuyerId)).toBeNull();
    expect(await door.buy(null, "eve" as BuyerId)).toBe("sale");
  });

  test("of a sale that is not known yet is refused for the sale only later", () => {
    const { deps, visitor } = doorWith({});
    expect(refusedAtOnce(deps, visitor(null), undefined)).toBeNull();
  });

  test("without an address is held back by no limit of addresses", async () => {
    const door = doorWith({ ip: one });
    expect(await door.buy(null)).toBeNull();
    expect(await door.buy(null)).toBeNull();
  });

  test("from the deny list is refused, by address or by buyer, unless it is allowed", async () => {
    const door = doorWith({}, [
      entry("deny", "networks", "10.0.0.0/8"),
      entry("allow", "networks", "10.1.0.0/16"),
      entry("deny", "buyers", "mallory"),
    ]);
    expect(await door.buy("10.2.0.1")).toBe("denied");
    expect(await door.buy("10.1.0.1", "mallory" as BuyerId)).toBe("denied");
    expect(await door.buy("10.1.0.1")).toBeNull();
    expect(await door.buy("192.0.2.1")).toBeNull();
  });

  test("from the allow list is not bound by the limit of its kind, but by the sale's", async () => {
    const allowed = [entry("allow", "networks", "2001:db8::/32"), entry("allow", "buyers", ada)];
    const door = doorWith({ ip: one, buyer: one }, allowed);
    expect(await door.buy("2001:db8::1")).toBeNull();
    expect(await door.buy("2001:db8::1")).toBeNull();
    expect(await door.buy("2001:db8::1")).toBe("sale");
  });

  test("is answered that nobody can count, where that is so", async () => {
    const away: NotAdmitted = { granted: false, why: "away", retryAfterMs: 1 };
    const limiter: RateLimiter = { known: () => null, take: async () => away };
    const { deps } = doorWith({});
    expect(await admitBuyer({ ...deps, limiter }, ada, open)).toEqual({ kind: "away" });
    const known = { ...limiter, known: () => away };
    expect(refusedAtOnce({ ...deps, limiter: known }, { key: null }, open)).toEqual({
      kind: "away",
    });
  });
});

describe("the settings", () => {
  test("limit an address of version 6 as its network of 64 bits", () => {
    expect(addressKey(at("2001:db8:1:2:3:4:5:6") ?? [])).toBe("2001:db8:1:2::/64");
    expect(addressKey(at("::ffff:192.0.2.1") ?? [])).toBe("192.0.2.1");
  });

  test("look at addresses only if something depends on them", () => {
    expect(doorWith({}).rules.readsAddress).toBe(false);
    expect(doorWith({}, [entry("deny", "buyers", "x")]).rules.readsAddress).toBe(false);
    expect(doorWith({}, [entry("deny", "networks", "10.0.0.1")]).rules.readsAddress).toBe(true);
    expect(doorWith({ ip: one }).rules.readsAddress).toBe(true);
  });

  test("are stored in the shortest form, and only if they are what they are said to be", () => {
    expect(accessValue("networks", "2001:0DB8::/32")).toBe("2001:db8::/32");
    expect(accessValue("networks", "10.0.0.1/8")).toBeNull();
    expect(accessValue("buyers", "ada")).toBe("ada");
    expect(accessValue("buyers", "")).toBeNull();
  });
});

describe("a change of the settings", () => {
  function shop() {
    let stored: AdmissionSettings = noSettings;
    let meanwhile = () => {};
    const repository: AdmissionRepository = {
      changed: async (version) => (version === stored.version ? null : stored),
      setLimits: async (limits, version) => {
        meanwhile();
        if (version !== stored.version) return err("version-conflict");
        stored = { ...stored, limits, version: version + 1 };
        return ok(stored.version);
      },
      put: async (put) => {
        if (stored.access.length > 0) return err("full");
        stored = { ...stored, access: [put], version: stored.version + 1 };
        return ok("created");
      },
      remove: async () => {
        const removed = stored.access.length > 0;
        stored = { ...stored, access: [], version: stored.version + (removed ? 1 : 0) };
        return removed;
      },
    };
    const admission = admissionDirectory(repository);
    const deps = { admissionSettings: repository, admission, clock: virtualClock(5_000) };
    /** Somebody else changes them between our look and our change, once. */
    const disturb = () => {
      meanwhile = () => {
        meanwhile = () => {};
        stored = { ...stored, limits: { ...stored.limits, buyer: one }, version: 7 };
      };
    };
    return { deps, admission, disturb };
  }

  test("holds here at once, and leaves alone what it does not name", async () => {
    const { deps, admission } = shop();
    expect((await changeLimits(deps, 0, { ip: one })).ok).toBe(true);
    expect((await changeLimits(deps, null, { global: one })).ok).toBe(true);
    expect(admission.current().limits).toEqual({ ip: one, buyer: null, global: one });
    expect(await changeLimits(deps, 0, { ip: null })).toEqual(err("version-conflict"));
  });

  test("that crosses another's is made anew, unless a version was meant", async () => {
    const { deps, admission, disturb } = shop();
    disturb();
    expect(await changeLimits(deps, 0, { ip: one })).toEqual(err("version-conflict"));
    disturb();
    expect((await changeLimits(deps, null, { ip: one })).ok).toBe(true);
    expect(admission.current().limits).toEqual({ ip: one, buyer: one, global: null });
  });

  test("of a list holds here at once", async () => {
    const { deps, admission } = shop();
    const name = { list: "deny", kind: "buyers", value: "ada" } as const;
    expect(await putAccess(deps, name, "a bot")).toEqual(ok("created"));
    expect(admission.current().ofBuyer(ada)).toBe("deny");
    expect((await readAdmission(deps)).access).toEqual([
      { ...name, note: "a bot", createdAt: instant(5_000) },
    ]);
    expect(await putAccess(deps, { ...name, value: "bob" }, null)).toEqual(err("full"));
    expect(await removeAccess(deps, name)).toBe(true);
    expect(await removeAccess(deps, name)).toBe(false);
    expect(admission.current().ofBuyer(ada)).toBeNull();
  });

  test("by somebody else arrives with the next refresh", async () => {
    const { deps, admission } = shop();
    await deps.admissionSettings.setLimits({ ...noSettings.limits, ip: one }, 0);
    expect(admission.current().limits.ip).toBeNull();
    await admission.refresh();
    await admission.refresh();
    expect(admission.current().limits.ip).toEqual(one);
  });
});
