/** The operator's view of dead letters over all tenants. Nothing that a tenant calls may use this. */
import type { DeadLetterFilter } from "../../core/dead-letter.ts";

export interface DeadLetterCount {
  readonly tenantId: string;
  readonly channel: string;
  readonly code: string;
  readonly open: number;
  /** Milliseconds since 1970. */
  readonly newestAt: number;
}

export interface NewestDeadLetter {
  readonly id: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly messageId: string;
  readonly channel: string;
  readonly code: string;
  readonly reason: string;
  readonly createdAt: number;
}

/** Groups and letters that one look answers with, a database. */
const MOST_GROUPS = 500;
const MOST_NEWEST = 20;

/** Open letters: how many by tenant, channel and code, most first; and the newest ones. */
export async function openDeadLetters(
  db: D1Database,
  filter: Omit<DeadLetterFilter, "state">,
): Promise<{ counts: DeadLetterCount[]; newest: NewestDeadLetter[] }> {
  const where = `state = 'open' AND (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR code = ?2)
    AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4)`;
  const bound = [filter.channel ?? null, filter.code ?? null, filter.createdAfter ?? null, filter.createdBefore ?? null];
  const [counts, newest] = await Promise.all([
    db
      .prepare(
        `SELECT tenant_id AS tenantId, channel, code, COUNT(*) AS open, MAX(created_at) AS newestAt FROM dead_letters
         WHERE ${where} GROUP BY tenant_id, channel, code ORDER BY open DESC, tenant_id LIMIT ${MOST_GROUPS}`,
      )
      .bind(...bound)
      .all<DeadLetterCount>(),
    db
      .prepare(
        `SELECT id, tenant_id AS tenantId, project_id AS projectId, message_id AS messageId, channel, code, reason,
           created_at AS createdAt
         FROM dead_letters WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT ${MOST_NEWEST}`,
      )
      .bind(...bound)
      .all<NewestDeadLetter>(),
  ]);
  return { counts: counts.results, newest: newest.results };
}
