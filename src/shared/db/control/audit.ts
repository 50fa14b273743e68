import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
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
  readonly requestId: string;
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
