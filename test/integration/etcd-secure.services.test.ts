/** An etcd that is encrypted, and asks who comes. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type OwnEtcd, ownEtcd } from "../../scripts/support/own-etcd.ts";
import { etcdClient } from "../../src/adapters/etcd/client.ts";
import { etcdFindings } from "../../src/adapters/etcd/findings.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { type EtcdLeases, etcdLeases } from "../support/etcd-leases.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(30_000);

let certificates: Certificates;
let etcd: OwnEtcd;
let leases: EtcdLeases;
const root = { username: "root", password: "a p@ss" };
const trusted = () => ({ tls: { ca: certificates.ca, cert: null, key: null } });
const unknown = { tls: { ca: null, cert: null, key: null } };

beforeAll(async () => {
  certificates = await makeCertificates();
  etcd = await ownEtcd(tempDir(), certificates.server);
  leases = etcdLeases(etcd.url);
  const { call } = etcdClient({ hosts: [etcd.url], ...trusted() });
  await call("/v3/auth/user/add", { name: root.username, password: root.password });
  await call("/v3/auth/role/add", { name: "root" });
  await call("/v3/auth/user/grant", { user: "root", role: "root" });
  await call("/v3/auth/enable", {});
});
afterAll(async () => {
  await leases.close();
  await etcd.kill();
});

test("gives locks to a user whom it knows, in turn", async () => {
  const [one, two] = [0, 1].map(() => leases.open(undefined, { ...root, ...trusted() }));
  const held = await one?.acquire("a");
  const queued = two?.acquire("a");
  await until(async () => (await one?.list("a"))?.[0]?.queue.length === 2);
  if (held?.ok) await held.value.release();
  expect(await queued).toMatchObject({ ok: true });
});

test("signs in again when its token is not known any more", async () => {
  const lease = leases.open(undefined, { ...root, ...trusted() });
  const first = await lease.acquire("b");
  await etcd.kill();
  await etcd.start();
  if (first.ok) await first.value.release();
  await until(() =>
    lease.acquire("b").then(
      ({ ok }) => ok,
      () => false,
    ),
  );
});

test("is not believed if nobody we know has signed its certificate", async () => {
  const lease = leases.open(undefined, { ...root, ...unknown });
  await expect(lease.acquire("a")).rejects.toThrow(ServiceUnavailable);
});

test("says so to a user with a wrong password, and to one without", async () => {
  const wrong = leases.open(undefined, { username: "root", password: "no", ...trusted() });
  await expect(wrong.acquire("a")).rejects.toThrow("invalid user ID or password");
  await expect(leases.open(undefined, trusted()).acquire("a")).rejects.toThrow(
    "user name is empty",
  );
});

test("is found well by doctor, but for its members", async () => {
  const found = await etcdFindings({ hosts: [etcd.url], ...root, ...trusted() });
  expect(found.map(({ status }) => status)).toEqual(["ok", "warn"]);
  const [failed] = await etcdFindings({ hosts: [etcd.url], ...root, ...unknown });
  expect(failed).toMatchObject({ status: "fail" });
});
