/** Dead letters: deliveries that were given up. One shard's database each; a letter's id names its shard. */
import { getTableColumns } from "drizzle-orm";
import type { Channel } from "../../core/channels.ts";
import {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterState,
  type DeadLetterTask,
  deadLetterId,
  type GivenUp,
} from "../../core/dead-letter.ts";
import { encode32 } from "../../core/ids.ts";
import type { TenantScope } from "../scope.ts";
import { type Page, SCAN_ROWS, scannedPage } from "./pages.ts";
import { deadLetters } from "./schema.ts";

type DeadLetterRow = typeof deadLetters.$inferSelect;

/** A project's letters, or with null all of the tenant's: only the operator asks for those. */
export interface LetterScope extends TenantScope {
  readonly projectId: string | null;
}

const COLUMNS = Object.entries(getTableColumns(deadLetters))
  .map(([name, column]) => `"${column.name}" AS "${name}"`)
  .join(", ");

/** Clocks that made an id and a `created_at` differ by less than this. */
const CLOCK_SLACK_MS = 300_000;

/**
 * The letters of deliveries that are given up; commit it together with the outcome. A letter that is open
 * stays as it is; one that was replayed, and failed again without a new attempt, is opened again.
 */
export function insertDeadLetters(db: D1Database, tenantId: string, rows: readonly GivenUp[]): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO dead_letters (tenant_id, id, project_id, message_id, delivery, channel, code, reason, task, state, created_at)
       SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value -> 7, 'open', value ->> 8
       FROM json_each(?2) WHERE true
       ON CONFLICT DO UPDATE SET state = 'open', resolved_at = NULL, code = excluded.code, reason = excluded.reason,
         task = excluded.task, created_at = excluded.created_at
       WHERE state <> 'open'`,
    )
    .bind(tenantId, JSON.stringify(rows.map(cellsOf)));
}

function cellsOf({ projectId, messageId, delivery, code, reason, at }: GivenUp): readonly unknown[] {
  const task: DeadLetterTask = {
    message_id: messageId,
    delivery: delivery.n,
    phase: delivery.phase,
    attempts: delivery.attempts,
  };
  return [deadLetterId(messageId, delivery), projectId, messageId, delivery.n, delivery.channel, code, reason, task, at];
}

export function deadLettersOf(db: D1Database, scope: LetterScope) {
  return {
    async get(id: string): Promise<DeadLetter | null> {
      const row = await db
        .prepare(`SELECT ${COLUMNS} FROM dead_letters WHERE tenant_id = ?1 AND id = ?2 AND (?3 IS NULL OR project_id = ?3)`)
        .bind(scope.tenantId, id, scope.projectId)
        .first<DeadLetterRow>();
      return row && toDeadLetter(row);
    },

    /** At most `limit` letters with an id below `before`: those of the newest messages first. */
    async list(filter: DeadLetterFilter, before: string | null, limit: number): Promise<Page<DeadLetter>> {
      const params: (string | number)[] = [];
      const next = (value: string | number): string => `?${4 + params.push(value)}`;
      const where = ["(?3 IS NULL OR projectId = ?3)"];
      if (filter.state) where.push(`state = ${next(filter.state)}`);
      if (filter.channel) where.push(`channel = ${next(filter.channel)}`);
      if (filter.code) where.push(`code = ${next(filter.code)}`);
      if (filter.createdAfter !== undefined) where.push(`createdAt >= ${next(filter.createdAfter)}`);
      if (filter.createdBefore !== undefined) where.push(`createdAt < ${next(filter.createdBefore)}`);
      const top = topOf(filter, before);
      const { results } = await db
        .prepare(
          `SELECT * FROM (SELECT ${COLUMNS} FROM dead_letters WHERE tenant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ${SCAN_ROWS})
           WHERE ${where.join(" AND ")} LIMIT ?4`,
        )
        .bind(scope.tenantId, top, scope.projectId, limit, ...params)
        .all<DeadLetterRow>();
      return scannedPage(results.map(toDeadLetter), limit, () =>
        db
          .prepare(
            `SELECT id FROM dead_letters WHERE tenant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET ${SCAN_ROWS - 1}`,
          )
          .bind(scope.tenantId, top)
          .first<{ id: string }>(),
      );
    },

    /** Moves a letter out of `open`; no row changes where it is not open. */
    discard(id: string, at: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE dead_letters SET state = 'discarded', resolved_at = ?3
           WHERE tenant_id = ?1 AND id = ?2 AND state = 'open' AND (?4 IS NULL OR project_id = ?4)`,
        )
        .bind(scope.tenantId, id, at, scope.projectId);
    },
  };
}

/** A delivery is given up after its message was accepted, so a letter's id lies below its `created_at`. */
function topOf(filter: DeadLetterFilter, before: string | null): string {
  const top =
    filter.createdBefore === undefined ? "dlt_~" : `dlt_${encode32(Math.max(0, filter.createdBefore) + CLOCK_SLACK_MS, 10)}~`;
  return before !== null && before < top ? before : top;
}

/** Casts what `insertDeadLetters` put in. */
function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    ...row,
    channel: row.channel as Channel,
    state: row.state as DeadLetterState,
    task: JSON.parse(row.task) as DeadLetterTask,
  };
}
