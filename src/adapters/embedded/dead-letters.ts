/** The messages that could not be handled, kept beside the order log. */
import { instant } from "../../domain/ids.ts";
import { err, ok } from "../../lib/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DeadLetter, OrderLog } from "../../ports/order-log.ts";
import type { Database } from "./database.ts";
import insertSql from "./sql/dead-letter-insert.sql" with { type: "text" };
import listSql from "./sql/dead-letter-list.sql" with { type: "text" };
import oneSql from "./sql/dead-letter-one.sql" with { type: "text" };

interface LetterRow {
  readonly log_offset: number;
  readonly raw: string;
  readonly reason: string;
  readonly at: number;
}

/** `append` writes one message, as it is, to the end of the log. */
export function deadLetters(
  { sql, write }: Database,
  clock: Clock,
  append: (raw: string) => Promise<void>,
): Pick<OrderLog, "deadLetter" | "deadLetters" | "replay"> {
  const insert = sql.prepare(insertSql);
  const newest = sql.prepare<LetterRow, [number]>(listSql);
  const one = sql.prepare<LetterRow, [string]>(oneSql);

  return {
    deadLetter: async (message, reason) => {
      const raw = message.raw();
      await write(() => insert.run(message.offset, raw, reason, clock.now()));
    },
    deadLetters: async (max) => newest.all(max).map(toLetter),
    replay: async (id) => {
      const row = one.get(id);
      if (row === null) return err("no-such-letter");
      await append(row.raw);
      return ok(undefined);
    },
  };
}

function toLetter({ log_offset, raw, reason, at }: LetterRow): DeadLetter {
  return {
    id: String(log_offset),
    partition: 0,
    offset: log_offset,
    reason,
    raw,
    buriedAt: instant(at),
  };
}
