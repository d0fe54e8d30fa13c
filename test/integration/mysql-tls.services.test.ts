/** Encrypted ways to MySQL or MariaDB. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { makeDatabase, migrateMysql } from "../../src/adapters/mysql/migrate.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { readStoredInMysql } from "../../src/rush/mysql-tables.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { privateMariadb } from "../support/private-mariadb.ts";

setDefaultTimeout(60_000);

let certificates: Certificates;
let server: Awaited<ReturnType<typeof privateMariadb>>;
let elsewhere: typeof server;

beforeAll(async () => {
  certificates = await makeCertificates();
  server = await withCertificate("server", ["--require-secure-transport=ON"]);
  elsewhere = await withCertificate("elsewhere");
});
afterAll(async () => {
  await server.stop();
  await elsewhere.stop();
});

function withCertificate(name: "server" | "elsewhere", more: readonly string[] = []) {
  const { certFile, keyFile } = certificates[name];
  const files = [`--ssl-ca=${certificates.caFile}`, `--ssl-cert=${certFile}`];
  return privateMariadb([...files, `--ssl-key=${keyFile}`, ...more]);
}

function tls(ca: string | null = certificates.ca) {
  return { enabled: true, ca, cert: certificates.client.cert, key: certificates.client.key };
}

test("tables are made, used and read by the checker on encrypted ways", async () => {
  const url = server.url.replace(/\/doorbuster$/, "/doorbuster_tls");
  const place = { url, tls: tls(), connections: 2 };
  await makeDatabase(place);
  const mysql = openMysql(place);
  expect(await migrateMysql(mysql)).not.toEqual([]);
  const [row] = await mysql.use((session) =>
    session.query<{ Value: string }[]>("SHOW STATUS LIKE 'Ssl_cipher'"),
  );
  expect(row?.Value).toStartWith("TLS_");
  await mysql.close();
  expect(readStoredInMysql(place, "s404")).rejects.toThrow("no row for sale");
});

test.each([
  ["an authority that we do not know", () => server.url, () => tls(null), "certificate"],
  ["a certificate for another host", () => elsewhere.url, () => tls(), "does not match"],
  ["no encryption", () => server.url, () => ({ ...tls(), enabled: false }), "Access denied"],
])("%s is told", async (_, url, how, why) => {
  const mysql = openMysql({ url: url(), tls: how(), connections: 1 });
  const used = mysql.use((session) => session.query("SELECT 1"));
  const reason: unknown = await used.catch((refused: unknown) => refused);
  expect(reason).toBeInstanceOf(ServiceUnavailable);
  expect(mysql.failure()).toContain(why);
  await mysql.close();
});
