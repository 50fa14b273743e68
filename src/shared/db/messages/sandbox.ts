/** What the sandbox caught: the newest of each tenant, for people to look at. */
import { getTableColumns } from "drizzle-orm";
import { type Caught, type CaughtEnvelope, type CaughtFilter, shortened } from "../../core/caught.ts";
import type { Channel } from "../../core/channels.ts";
import type { ProjectScope } from "../scope.ts";
import type { Page } from "./pages.ts";
import { sandboxMessages } from "./schema.ts";

type StoredRow = typeof sandboxMessages.$inferSelect;

const STATEMENT_CHARS = 700_000;

/** Messages kept, a tenant and database. */
export const KEPT = 1000;

const COLUMNS = Object.entries(getTableColumns(sandboxMessages))
  .map(([name, column]) => `"${column.name}" AS "${name}"`)
  .join(", ");

/** Keeps what was caught; commit it together with the outcome. The same attempt is kept once. */
export function insertCaught(db: D1Database, tenantId: string, rows: readonly Caught[]): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sandbox_messages (tenant_id, id, project_id, message_id, channel, destination, envelope, at)
       SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value -> 5, value ->> 6
       FROM json_each(?2) WHERE true
       ON CONFLICT DO NOTHING`,
    )
    .bind(tenantId, `[${fitting(rows).join(",")}]`);
}

/** Rows as JSON, all together well below the 2 MB that a parameter may have: the last of large ones are cut short. */
function fitting(rows: readonly Caught[]): string[] {
  const text = (r: Caught, envelope: CaughtEnvelope) =>
    JSON.stringify([r.id, r.projectId, r.messageId, r.channel, r.destination, envelope, r.at]);
  let left = STATEMENT_CHARS;
  return rows.map((row) => {
    const whole = text(row, row.envelope);
    const kept = whole.length <= left ? whole : text(row, shortened(row.envelope));
    left -= kept.length;
    return kept;
  });
}

/** Drops all but the newest KEPT of a tenant. In the same batch as `insertCaught`, or now and then. */
export function pruneCaught(db: D1Database, tenantId: string): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM sandbox_messages WHERE tenant_id = ?1 AND id <= (
         SELECT id FROM sandbox_messages WHERE tenant_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${KEPT})`,
    )
    .bind(tenantId);
}

export function catcherOf(db: D1Database, scope: ProjectScope) {
  return {
    async get(id: string): Promise<Caught | null> {
      const row = await db
        .prepare(`SELECT ${COLUMNS} FROM sandbox_messages WHERE tenant_id = ?1 AND id = ?2 AND project_id = ?3`)
        .bind(scope.tenantId, id, scope.projectId)
        .first<StoredRow>();
      return row && toCaught(row);
    },
    /** At most `limit` with an id below `before`, newest first. */
    async list(filter: CaughtFilter, before: string | null, limit: number): Promise<Page<Caught>> {
      const { results } = await db
        .prepare(
          `SELECT ${COLUMNS} FROM sandbox_messages
           WHERE tenant_id = ?1 AND id < ?2 AND project_id = ?3 AND (?4 IS NULL OR channel = ?4)
             AND (?5 IS NULL OR destination = ?5) AND (?6 IS NULL OR message_id = ?6)
           ORDER BY id DESC LIMIT ?7`,
        )
        .bind(
          scope.tenantId,
          before ?? "~",
          scope.projectId,
          filter.channel ?? null,
          filter.destination ?? null,
          filter.messageId ?? null,
          limit,
        )
        .all<StoredRow>();
      const rows = results.map(toCaught);
      return { rows, floor: rows.length === limit ? (rows[limit - 1]?.id ?? null) : null };
    },
  };
}

/** Casts what `insertCaught` put in. */
function toCaught(row: StoredRow): Caught {
  return { ...row, channel: row.channel as Channel, envelope: JSON.parse(row.envelope) as Caught["envelope"] };
}
