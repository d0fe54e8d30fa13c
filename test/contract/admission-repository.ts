/** What every repository of admission settings promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { AccessEntry } from "../../src/domain/admission.ts";
import { instant } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { err, ok } from "../../src/lib/result.ts";
import type { AdmissionRepository } from "../../src/ports/admission-repository.ts";

export interface AdmissionRepositoryHarness {
  readonly settings: AdmissionRepository;
  close(): Promise<void>;
}

const none = { ip: null, buyer: null, global: null };
const some = { ...none, ip: { perSecond: 5, burst: 20 } };

function entry(over: Partial<AccessEntry>): AccessEntry {
  const value = "10.0.0.0/8";
  const name = { list: "deny", kind: "networks", value } as const;
  return { ...name, note: null, createdAt: instant(1_000), ...over };
}

export function admissionRepositoryContract(
  name: string,
  open: () => Promise<AdmissionRepositoryHarness>,
): void {
  describe(`a repository of admission settings (${name})`, () => {
    let harness: AdmissionRepositoryHarness;
    let settings: AdmissionRepository;
    beforeEach(async () => {
      harness = await open();
      settings = harness.settings;
    });
    afterEach(() => harness.close());

    const known = async () => (await settings.changed(-1)) ?? { version: -1 };

    test("begins with no limits and empty lists", async () => {
      expect(await settings.changed(-1)).toEqual({ limits: none, access: [], version: 0 });
      expect(await settings.changed(0)).toBeNull();
    });

    test("replaces the limits of the version that was meant", async () => {
      expect(await settings.setLimits(some, 0)).toEqual(ok(1));
      expect(await settings.changed(0)).toEqual({ limits: some, access: [], version: 1 });
      expect(await settings.setLimits(none, 0)).toEqual(err("version-conflict"));
      expect(await settings.changed(1)).toBeNull();
    });

    test("puts entries on lists, replaces their notes and removes them", async () => {
      expect(await settings.put(entry({}))).toEqual(ok("created"));
      const buyer = entry({ list: "allow", kind: "buyers", value: "bob", note: "loadtest 负载" });
      expect(await settings.put(buyer)).toEqual(ok("created"));
      expect(await settings.changed(0)).toMatchObject({ version: 2, access: [buyer, entry({})] });
      const noted = entry({ note: "a bot", createdAt: instant(9_000) });
      expect(await settings.put(noted)).toEqual(ok("replaced"));
      const kept = { ...noted, createdAt: instant(1_000) };
      expect(await settings.changed(2)).toMatchObject({ version: 3, access: [buyer, kept] });
      expect(await settings.remove(kept)).toBe(true);
      expect(await settings.remove(kept)).toBe(false);
      expect(await known()).toMatchObject({ access: [buyer] });
      expect((await known()).version).toBeGreaterThan(3);
    });

    test("keeps names apart that differ in their list or in the case of a letter", async () => {
      const names = ["bob", "Bob", "bob~"].map((value) => entry({ kind: "buyers", value }));
      for (const one of names) expect(await settings.put(one)).toEqual(ok("created"));
      for (const one of names) {
        expect(await settings.put({ ...one, list: "allow" })).toEqual(ok("created"));
      }
      expect(await known()).toHaveProperty("access.length", 6);
    });

    test("takes so many entries and no more", async () => {
      const all = Array.from({ length: limits.accessEntriesMax + 1 }, (_, n) =>
        entry({ kind: "buyers", value: `buyer-${n}` }),
      );
      const put = [];
      for (let at = 0; at < all.length; at += 500) {
        put.push(...(await Promise.all(all.slice(at, at + 500).map(settings.put))));
      }
      expect(put.filter((one) => !one.ok)).toEqual([err("full")]);
      expect(await settings.put(all[0] ?? entry({}))).toEqual(ok("replaced"));
    }, 60_000);
  });
}
