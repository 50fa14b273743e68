/** What stands in front of a message in its line (`ordering_key`). */
import type { Earlier } from "../../core/ordering.ts";
import type { TenantScope } from "../scope.ts";

/** Rows that one look reads: it stops there, however long the lines are. */
const MOST_ROWS = 1000;

export function linesOf(db: D1Database, scope: TenantScope) {
  return {
    /**
     * The messages of these ids as they stand, and, behind those that have not had a turn, what is before them in
     * their lines, as far as this database has it. In no order.
     */
    async earlier(ids: readonly string[]): Promise<Earlier[]> {
      const { results } = await earlierStatement(db, scope, ids).all<Earlier>();
      return results;
    },
  };
}

/** UNION drops what was seen, so that lines which meet are walked once. Columns as in `Earlier`. */
export function earlierStatement(db: D1Database, scope: TenantScope, ids: readonly string[]): D1PreparedStatement {
  return db
    .prepare(
      `WITH RECURSIVE line(id) AS (
         SELECT value FROM json_each(?2)
         UNION
         SELECT m.deliveries ->> '$[0].after' FROM line CROSS JOIN messages AS m ON m.tenant_id = ?1 AND m.id = line.id
         WHERE m.status NOT IN ('sent', 'delivered') AND m.deliveries ->> '$[0].phase' = 'waiting'
           AND m.deliveries ->> '$[0].attempts[0]' IS NULL AND m.deliveries ->> '$[0].after' IS NOT NULL
         LIMIT ${MOST_ROWS})
       SELECT m.id AS id, m.status AS status, m.deliveries ->> '$[0].phase' AS phase, m.deliveries ->> '$[0].after' AS after,
         json_array_length(m.deliveries, '$[0].attempts') AS tries
       FROM line CROSS JOIN messages AS m ON m.tenant_id = ?1 AND m.id = line.id`,
    )
    .bind(scope.tenantId, JSON.stringify(ids));
}
