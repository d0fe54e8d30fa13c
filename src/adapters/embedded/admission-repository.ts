/** The limits that are no sale's own, and the lists of who may come, on SQLite. */
import type { AccessEntry, AccessName } from "../../domain/admission.ts";
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
import type { Database } from "./database.ts";
import countSql from "./sql/access-count.sql" with { type: "text" };
import listSql from "./sql/access-list.sql" with { type: "text" };
import oneSql from "./sql/access-one.sql" with { type: "text" };
import putSql from "./sql/access-put.sql" with { type: "text" };
import removeSql from "./sql/access-remove.sql" with { type: "text" };
import readSql from "./sql/admission-read.sql" with { type: "text" };
import setSql from "./sql/admission-set.sql" with { type: "text" };
import touchSql from "./sql/admission-touch.sql" with { type: "text" };

export function embeddedAdmissionRepository(database: Database): AdmissionRepository {
  const { sql } = database;
  const read = sql.prepare<AdmissionRow, []>(readSql);
  const entries = sql.prepare<AccessRow, []>(listSql);
  const count = sql.prepare<{ entries: number }, []>(countSql);
  const set = sql.prepare<{ version: number }, [{ limits: string; version: number }]>(setSql);
  const one = sql.prepare<object, [Record<string, string>]>(oneSql);
  const put = sql.prepare(putSql);
  const remove = sql.prepare(removeSql);
  const touch = sql.prepare(touchSql);

  return {
    changed: async (knownVersion) => {
      const row = present(read.get(), "the settings have a row");
      return row.version === knownVersion ? null : settingsOfRows(row, entries.all());
    },

    setLimits: (limitsWanted, version) =>
      database.write(() => {
        const row = set.get({ limits: limitsText(limitsWanted), version });
        return row === null ? err("version-conflict") : ok(row.version);
      }),

    put: (entry) =>
      database.write(() => {
        const known = one.get(nameOf(entry)) !== null;
        const taken = present(count.get(), "a count has a row").entries;
        if (!known && taken >= limits.accessEntriesMax) return err("full");
        const { note, createdAt } = entry;
        put.run({ ...nameOf(entry), note, createdAt });
        touch.run();
        return ok(known ? "replaced" : "created");
      }),

    remove: (name) =>
      database.write(() => {
        const removed = remove.run(nameOf(name)).changes > 0;
        if (removed) touch.run();
        return removed;
      }),
  };
}

function nameOf({ list, kind, value }: AccessName | AccessEntry) {
  return { list, kind, value };
}
