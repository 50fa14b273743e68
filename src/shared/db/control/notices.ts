/** Notices: what Carillon tells a tenant about itself. */
import { encode32, newId, type Random } from "../../core/ids.ts";
import type { Notice, NoticeType } from "../../core/notice.ts";
import { ALWAYS, type Condition } from "../commit.ts";
import type { TenantScope } from "../scope.ts";

/** Notices of a tenant that are kept at most, and for how long. */
export const NOTICES_KEPT = 10_000;
export const NOTICE_DAYS = 90;
/** Rows that one pruning takes away at most: more than are written beside it. */
const PRUNED_AT_ONCE = 100;
const DAY_MS = 86_400_000;

export interface KeptNotice extends Notice {
  readonly id: string;
}

/** One row; append-only. Commit `pruneNotices` beside it. With a condition, no row is written where it does not hold. */
export function insertNotice(db: D1Database, notice: Notice, random: Random, condition: Condition = ALWAYS): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO notices (tenant_id, id, project_id, type, subject, details, at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ${condition.sql}`,
    )
    .bind(
      notice.tenantId,
      newId("ntc", notice.at, random),
      notice.projectId,
      notice.type,
      notice.subject,
      JSON.stringify(notice.details),
      notice.at,
      ...condition.params,
    );
}

/** True where the tenant was told nothing of this type about this subject after `since`. */
export function notToldSince({ tenantId, type, subject }: Notice, since: number): Condition {
  return {
    sql: "NOT EXISTS (SELECT 1 FROM notices WHERE tenant_id = ? AND id > ? AND type = ? AND subject = ?)",
    params: [tenantId, `ntc_${encode32(Math.max(0, since), 10)}`, type, subject],
  };
}

/** Takes away the oldest notices of a tenant that are more than are kept, or too old. Bounded; an id begins with its time. */
export function pruneNotices(db: D1Database, tenantId: string, now: number): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM notices WHERE tenant_id = ?1 AND id IN (
         SELECT id FROM notices WHERE tenant_id = ?1 AND (
           id < ?2 OR id <= (SELECT id FROM notices WHERE tenant_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${NOTICES_KEPT}))
         ORDER BY id LIMIT ${PRUNED_AT_ONCE})`,
    )
    .bind(tenantId, `ntc_${encode32(Math.max(0, now - NOTICE_DAYS * DAY_MS), 10)}`);
}

export interface NoticeFilter {
  readonly projectId?: string | undefined;
  readonly type?: NoticeType | undefined;
}

interface StoredRow {
  readonly id: string;
  readonly project_id: string | null;
  readonly type: string;
  readonly subject: string;
  readonly details: string;
  readonly at: number;
}

export function noticesOf(db: D1Database, scope: TenantScope) {
  return {
    /** Newest first; ids below `before`. A tenant's notices are few, so a filter looks through them. */
    async list(filter: NoticeFilter, before: string | null, limit: number): Promise<KeptNotice[]> {
      const { results } = await db
        .prepare(
          `SELECT id, project_id, type, subject, details, at FROM notices
           WHERE tenant_id = ?1 AND id < ?2 AND (?3 IS NULL OR project_id = ?3) AND (?4 IS NULL OR type = ?4)
           ORDER BY id DESC LIMIT ?5`,
        )
        .bind(scope.tenantId, before ?? "ntc_~", filter.projectId ?? null, filter.type ?? null, limit)
        .all<StoredRow>();
      return results.map((row) => ({
        tenantId: scope.tenantId,
        id: row.id,
        projectId: row.project_id,
        // insertNotice wrote both, from a Notice.
        type: row.type as NoticeType,
        subject: row.subject,
        details: JSON.parse(row.details) as Notice["details"],
        at: row.at,
      }));
    },
  };
}
