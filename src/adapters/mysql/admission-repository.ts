/** The limits that are no sale's own, and the lists of who may come, in MySQL. Whoever changes them
 * locks the one row first, so that a version names one state of everything. */
import { limits } from "../../domain/limits.ts";
import { present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { AdmissionRepository } from "../../ports/admission-repository.ts";
import {
  type AccessRow,
  type AdmissionRow,
  limitsText,
  settingsOfRows,
} from "../shared/admission-row.ts";
import type { Mysql } from "./pool.ts";
import type { Session } from "./session.ts";

export function mysqlAdmissionRepository(mysql: Mysql): AdmissionRepository {
  const changed: AdmissionRepository["changed"] = async (knownVersion) => {
    const { version } = await mysql.use((session) => read(session));
    if (version === knownVersion) return null;
    return mysql.transaction(async (session) => {
      const row = await read(session, "LOCK IN SHARE MODE");
      return settingsOfRows(row, await session.query<AccessRow[]>(listSql));
    });
  };

  const setLimits: AdmissionRepository["setLimits"] = (wanted, version) =>
    mysql.transaction(async (session) => {
      const sql = "UPDATE admission SET limits = ?, version = version + 1 WHERE version = ?";
      const updated = await session.query<Changed>(sql, [limitsText(wanted), version]);
      return updated.affectedRows === 1 ? ok(version + 1) : err("version-conflict");
    });

  const put: AdmissionRepository["put"] = (entry) =>
    mysql.transaction(async (session) => {
      await session.query(touchSql);
      const name = [entry.list, entry.kind, entry.value];
      const [known] = await session.query<unknown[]>(`SELECT 1 ${oneSql}`, name);
      const [{ entries = 0 } = {}] = await session.query<{ entries: number }[]>(countSql);
      if (known === undefined && entries >= limits.accessEntriesMax) return err("full");
      await session.query(putSql, [...name, entry.note, entry.createdAt]);
      return ok(known === undefined ? "created" : "replaced");
    });

  const remove: AdmissionRepository["remove"] = ({ list, kind, value }) =>
    mysql.transaction(async (session) => {
      await session.query(touchSql);
      const { affectedRows } = await session.query<Changed>(`DELETE ${oneSql}`, [
        list,
        kind,
        value,
      ]);
      return affectedRows === 1;
    });

  return { changed, setLimits, put, remove };
}

interface Changed {
  readonly affectedRows: number;
}

async function read(session: Session, lock = ""): Promise<AdmissionRow> {
  const rows = await session.query<AdmissionRow[]>(`SELECT limits, version FROM admission ${lock}`);
  return present(rows[0], "the settings have a row");
}

const touchSql = "UPDATE admission SET version = version + 1";
const oneSql = "FROM access_entries WHERE list = ? AND kind = ? AND value = ?";
const countSql = "SELECT COUNT(*) AS entries FROM access_entries";
const listSql = `
SELECT list, kind, value, note, created_at FROM access_entries ORDER BY list, kind, value`;

/** An entry that is there keeps the time of its creation. */
const putSql = `
INSERT INTO access_entries (list, kind, value, note, created_at) VALUES (?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE note = VALUES(note)`;
