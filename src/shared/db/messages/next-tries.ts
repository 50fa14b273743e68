/** When what is left of a message is tried next: which packs hold its deliveries. */
import type { TenantScope } from "../scope.ts";

/** Times in milliseconds since 1970. */
export interface NextTry {
  readonly delivery: number;
  readonly dueAt: number;
  /** Set while a consumer holds it. */
  readonly leaseUntil: number | null;
}

/** A message has at most as many as addresses, and one more while it is packed again. */
const MOST = 20;

/** Looks through the packs that the tenant has open; those of the message only are unfolded. */
export async function nextTriesOf(db: D1Database, scope: TenantScope, messageId: string): Promise<NextTry[]> {
  const { results } = await db
    .prepare(
      `SELECT r.value ->> 1 AS delivery, p.due_at AS dueAt, p.lease_until AS leaseUntil
       FROM packs AS p CROSS JOIN json_each(p.refs) AS r
       WHERE p.tenant_id = ?1 AND instr(p.refs, ?2) > 0 AND r.value ->> 0 = ?2 ORDER BY p.due_at LIMIT ${MOST}`,
    )
    .bind(scope.tenantId, messageId)
    .all<NextTry>();
  return results;
}
