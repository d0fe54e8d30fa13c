// The commands that look at locks: what they ask, and what they show.

import { afterAll, describe, expect, test } from "bun:test";
import { cli } from "../support/cli-world.ts";
import { scriptedApi } from "../support/scripted-api.ts";

const api = scriptedApi();
afterAll(() => api.stop());

const env = { DOORBUSTER_URL: api.url, DOORBUSTER_TOKEN: "admin-token" };
const run = (...args: readonly string[]) => cli(args, { env });
const entry = (token: number, about = "") => {
  const [holder, leaseId] = [`shop-1 (process ${token})`, "694d7f6c"];
  return { token, holder, leaseId, uuid: `uuid-${token}`, about };
};
const locks = [
  { name: "sales/s1", queue: [entry(7), entry(9)] },
  { name: "stock/s1", queue: [entry(12, "phone-15")] },
];

describe("locks", () => {
  test("list shows who holds them and how many wait", async () => {
    api.answer(() => Response.json({ items: locks }));
    const { exitCode, stdout } = await run("lock", "list", "--prefix", "s");
    expect(exitCode).toBe(0);
    expect(api.asked[0]).toMatchObject({ path: "/v1/admin/locks?prefix=s" });
    expect(stdout.split("\n")).toEqual([
      "LOCK      HOLDER               TOKEN  WAITING  ABOUT",
      "sales/s1  shop-1 (process 7)       7        1  -",
      "stock/s1  shop-1 (process 12)     12        0  phone-15",
      "",
    ]);
    const asJson = await run("lock", "list", "--json");
    expect(JSON.parse(asJson.stdout)).toEqual({ items: locks });
  });

  test("list says when there are none", async () => {
    api.answer(() => Response.json({ items: [] }));
    expect((await run("lock", "list")).stdout).toBe("No locks are held.\n");
  });

  test("show tells the queue of one", async () => {
    api.answer(() => Response.json({ items: locks }));
    const { stdout } = await run("lock", "show", "sales/s1");
    expect(stdout).toContain("    7  shop-1 (process 7)  694d7f6c  uuid-7  -");
    expect(stdout).toContain("    9  shop-1 (process 9)  694d7f6c  uuid-9  -");
    const asJson = await run("lock", "show", "sales/s1", "--json");
    expect(JSON.parse(asJson.stdout)).toEqual(locks[0]);
  });

  test("show fails for one that nobody holds, and says where to look", async () => {
    api.answer(() => Response.json({ items: locks }));
    const { exitCode, stderr } = await run("lock", "show", "sales/s");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("nobody holds a lock sales/s");
    expect(stderr).toContain("lock list");
  });
});
