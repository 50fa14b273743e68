/** Endpoints that a project's events are posted to. */
import { and, desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { KeptKey } from "../../core/signing-keys.ts";
import { type Condition, statement } from "../commit.ts";
import type { ProjectScope, TenantScope } from "../scope.ts";
import { projects, webhookEndpoints as table } from "./schema.ts";

export type WebhookRow = typeof table.$inferSelect;

export function webhooksOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(table.tenantId, scope.tenantId), eq(table.projectId, scope.projectId));
  return {
    async get(id: string): Promise<WebhookRow | undefined> {
      return d
        .select()
        .from(table)
        .where(and(mine, eq(table.id, id)))
        .get();
    },
    /** Newest first; ids below `before`. */
    async list(before: string | null, limit: number): Promise<WebhookRow[]> {
      return d
        .select()
        .from(table)
        .where(before === null ? mine : and(mine, lt(table.id, before)))
        .orderBy(desc(table.id))
        .limit(limit);
    },
    async count(): Promise<number> {
      const row = await d.select({ n: sql<number>`COUNT(*)` }).from(table).where(mine).get();
      return row?.n ?? 0;
    },
    insert(row: Omit<WebhookRow, "tenantId" | "projectId">): D1PreparedStatement {
      return statement(db, d.insert(table).values({ ...row, tenantId: scope.tenantId, projectId: scope.projectId }));
    },
    update(id: string, change: Partial<Omit<WebhookRow, "id" | "tenantId" | "projectId">>): D1PreparedStatement {
      return statement(
        db,
        d
          .update(table)
          .set(change)
          .where(and(mine, eq(table.id, id))),
      );
    },
    /** Puts keys in the place of those that were read; no row changes where somebody else has meanwhile. */
    replaceKeys(id: string, before: string, keys: readonly KeptKey[], now: number): D1PreparedStatement {
      const same = and(mine, eq(table.id, id), eq(table.keys, before));
      return statement(
        db,
        d
          .update(table)
          .set({ keys: JSON.stringify(keys), updatedAt: now })
          .where(same),
      );
    },
    remove(id: string): D1PreparedStatement {
      return statement(db, d.delete(table).where(and(mine, eq(table.id, id))));
    },
  };
}

/** The keys that sign callbacks to the `callback_url` of a project's messages. */
export function callbackKeysOf(db: D1Database, scope: ProjectScope) {
  const mine = and(eq(projects.tenantId, scope.tenantId), eq(projects.id, scope.projectId));
  return {
    /** As it is stored; undefined where there is no such project. */
    async get(): Promise<string | undefined> {
      const row = await drizzle(db).select({ keys: projects.callbackKeys }).from(projects).where(mine).get();
      return row?.keys;
    },
    replace(before: string, keys: readonly KeptKey[]): D1PreparedStatement {
      const set = { callbackKeys: JSON.stringify(keys) };
      return statement(
        db,
        drizzle(db)
          .update(projects)
          .set(set)
          .where(and(mine, eq(projects.callbackKeys, before))),
      );
    },
  };
}

/** Who of a tenant hears of events. */
export interface ListenerRow {
  readonly id: string;
  readonly projectId: string;
  /** JSON array of types and patterns. */
  readonly events: string;
  readonly enabled: number;
  readonly createdAt: number;
}

/** What posting needs of an endpoint. */
export interface EndpointRow {
  readonly id: string;
  readonly projectId: string;
  readonly url: string;
  readonly enabled: number;
  /** JSON array of KeptKey. */
  readonly keys: string;
  readonly failingSince: number | null;
}

const ENDPOINT = "id, project_id AS projectId, url, enabled, keys, failing_since AS failingSince";

/** The endpoints of a whole tenant, as the pipeline sees them: whose event it is, the event says. */
export function tenantWebhooks(db: D1Database, scope: TenantScope) {
  return {
    /** Those that are enabled, and those that Carillon disabled after `since`, for which what happens is kept. */
    async listeners(since: number): Promise<ListenerRow[]> {
      const { results } = await db
        .prepare(
          `SELECT id, project_id AS projectId, events, enabled, created_at AS createdAt FROM webhook_endpoints
           WHERE tenant_id = ?1 AND (enabled = 1 OR disabled_at > ?2)`,
        )
        .bind(scope.tenantId, since)
        .all<ListenerRow>();
      return results;
    },
    async endpoint(id: string): Promise<EndpointRow | null> {
      return db
        .prepare(`SELECT ${ENDPOINT} FROM webhook_endpoints WHERE tenant_id = ?1 AND id = ?2`)
        .bind(scope.tenantId, id)
        .first<EndpointRow>();
    },
    /** A first failure, if there was none since the last success; or with null a success. Answers nothing. */
    setFailing(id: string, since: number | null): D1PreparedStatement {
      return since === null
        ? db
            .prepare(
              "UPDATE webhook_endpoints SET failing_since = NULL WHERE tenant_id = ?1 AND id = ?2 AND failing_since IS NOT NULL",
            )
            .bind(scope.tenantId, id)
        : db
            .prepare("UPDATE webhook_endpoints SET failing_since = ?3 WHERE tenant_id = ?1 AND id = ?2 AND failing_since IS NULL")
            .bind(scope.tenantId, id, since);
    },
    disable(id: string, now: number, reason: string): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE webhook_endpoints SET enabled = 0, disabled_at = ?3, disabled_reason = ?4, updated_at = MAX(?3, updated_at + 1)
           WHERE tenant_id = ?1 AND id = ?2 AND enabled = 1`,
        )
        .bind(scope.tenantId, id, now, reason);
    },
    /** That `disable` would disable it. */
    isEnabled(id: string): Condition {
      return {
        sql: "EXISTS (SELECT 1 FROM webhook_endpoints WHERE tenant_id = ? AND id = ? AND enabled = 1)",
        params: [scope.tenantId, id],
      };
    },
  };
}
