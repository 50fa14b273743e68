import { drizzle } from "drizzle-orm/d1";
import { type Condition, statement } from "../commit.ts";
import type { TenantScope } from "../scope.ts";
import { audit } from "./schema.ts";

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  /** `template.created`, `connection.deleted`, … */
  readonly action: string;
  readonly target: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Who does it: the part of an actor that the log keeps. */
export interface AuditActor extends TenantScope {
  readonly projectId: string | null;
  readonly name: string;
  /** Null where no request asked for it. */
  readonly requestId: string | null;
}

/** The audit row of a change; commit it together with the change. */
export function auditRow(db: D1Database, actor: AuditActor, entry: AuditEntry): D1PreparedStatement {
  return statement(
    db,
    drizzle(db)
      .insert(audit)
      .values({
        tenantId: actor.tenantId,
        projectId: actor.projectId,
        actor: actor.name,
        requestId: actor.requestId,
        id: entry.id,
        at: entry.at,
        action: entry.action,
        target: entry.target,
        details: JSON.stringify(entry.details ?? {}),
      }),
  );
}

/** The audit row of a change that is made only where `condition` holds: stands before the change in its commit. */
export function auditRowIf(db: D1Database, actor: AuditActor, entry: AuditEntry, condition: Condition): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO audit (tenant_id, id, project_id, actor, action, target, details, request_id, at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ${condition.sql}`,
    )
    .bind(
      actor.tenantId,
      entry.id,
      actor.projectId,
      actor.name,
      entry.action,
      entry.target,
      JSON.stringify(entry.details ?? {}),
      actor.requestId,
      entry.at,
      ...condition.params,
    );
}
