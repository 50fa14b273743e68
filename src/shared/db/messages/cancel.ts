/** Cancelling a message that has a row. */
import type { MessageEvent } from "../../core/message.ts";
import type { ProjectScope } from "../scope.ts";

/**
 * One statement, so that it either comes before a consumer's claim, which then finds a cancelled message, or
 * after it, and then changes nothing: only a queued message that nobody has claimed becomes cancelled. A claim whose
 * lease ran out stands in the way as well: its holder may have sent the message, and the next one will say so.
 */
export function cancelMessage(db: D1Database, scope: ProjectScope, id: string, event: MessageEvent): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE messages SET status = 'cancelled', log = json_insert(log, '$[#]', json(?4)), updated_at = ?5
       WHERE tenant_id = ?1 AND project_id = ?2 AND id = ?3 AND status = 'queued'
         AND NOT EXISTS (SELECT 1 FROM packs AS p, json_each(p.refs) AS r
           WHERE p.tenant_id = ?1 AND p.claims > 0 AND r.value ->> 0 = ?3)`,
    )
    .bind(scope.tenantId, scope.projectId, id, JSON.stringify(event), event.at);
}
