/** Notices: what Carillon tells a tenant about itself. */
import { newId, type Random } from "../../core/ids.ts";
import type { Notice } from "../../core/notice.ts";

/** One row; append-only. */
export function insertNotice(db: D1Database, notice: Notice, random: Random): D1PreparedStatement {
  return db
    .prepare(`INSERT INTO notices (tenant_id, id, project_id, type, subject, details, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`)
    .bind(
      notice.tenantId,
      newId("ntc", notice.at, random),
      notice.projectId,
      notice.type,
      notice.subject,
      JSON.stringify(notice.details),
      notice.at,
    );
}
