import { and, desc, eq, isNotNull, isNull, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type Condition, statement } from "../commit.ts";
import type { ProjectScope, TenantScope } from "../scope.ts";
import { apiKeys, projects, tenants } from "./schema.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;

export function keysOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(apiKeys.tenantId, scope.tenantId), eq(apiKeys.projectId, scope.projectId));
  return {
    async get(id: string): Promise<ApiKeyRow | undefined> {
      return d
        .select()
        .from(apiKeys)
        .where(and(mine, eq(apiKeys.id, id)))
        .get();
    },
    /** Newest first; ids below `before`. */
    async list(before: string | null, limit: number): Promise<ApiKeyRow[]> {
      return d
        .select()
        .from(apiKeys)
        .where(before === null ? mine : and(mine, lt(apiKeys.id, before)))
        .orderBy(desc(apiKeys.id))
        .limit(limit);
    },
    insert(row: Omit<ApiKeyRow, "tenantId" | "projectId">): D1PreparedStatement {
      return statement(db, d.insert(apiKeys).values({ ...row, tenantId: scope.tenantId, projectId: scope.projectId }));
    },
    revoke(id: string, at: number): D1PreparedStatement {
      return statement(
        db,
        d
          .update(apiKeys)
          .set({ revokedAt: at })
          .where(and(mine, eq(apiKeys.id, id), isNull(apiKeys.revokedAt))),
      );
    },
    setExpiry(id: string, at: number): D1PreparedStatement {
      return statement(
        db,
        d
          .update(apiKeys)
          .set({ expiresAt: at })
          .where(and(mine, eq(apiKeys.id, id))),
      );
    },
  };
}

export function keyUse(db: D1Database, scope: TenantScope) {
  return {
    /** Moves `last_used_at` forward; never back. */
    touch(id: string, at: number): D1PreparedStatement {
      return db
        .prepare("UPDATE api_keys SET last_used_at = ?1 WHERE tenant_id = ?2 AND id = ?3 AND COALESCE(last_used_at, 0) < ?1")
        .bind(at, scope.tenantId, id);
    },
  };
}

/** Keys of a whole tenant, for what is not a project's own matter: suspending and resuming. */
export function tenantKeys(db: D1Database, scope: TenantScope) {
  const d = drizzle(db);
  const mine = eq(apiKeys.tenantId, scope.tenantId);
  return {
    async get(id: string): Promise<ApiKeyRow | undefined> {
      return d
        .select()
        .from(apiKeys)
        .where(and(mine, eq(apiKeys.id, id)))
        .get();
    },
    /** Only where the key is neither suspended nor revoked. */
    suspend(id: string, at: number, reason: string): D1PreparedStatement {
      return statement(
        db,
        d
          .update(apiKeys)
          .set({ suspendedAt: at, suspendedReason: reason })
          .where(and(mine, eq(apiKeys.id, id), isNull(apiKeys.suspendedAt), isNull(apiKeys.revokedAt))),
      );
    },
    resume(id: string): D1PreparedStatement {
      return statement(
        db,
        d
          .update(apiKeys)
          .set({ suspendedAt: null, suspendedReason: null })
          .where(and(mine, eq(apiKeys.id, id), isNotNull(apiKeys.suspendedAt))),
      );
    },
    /** That `suspend` would suspend it. */
    isInUse(id: string): Condition {
      return {
        sql: "EXISTS (SELECT 1 FROM api_keys WHERE tenant_id = ? AND id = ? AND suspended_at IS NULL AND revoked_at IS NULL)",
        params: [scope.tenantId, id],
      };
    },
    isSuspended(id: string): Condition {
      return {
        sql: "EXISTS (SELECT 1 FROM api_keys WHERE tenant_id = ? AND id = ? AND suspended_at IS NOT NULL)",
        params: [scope.tenantId, id],
      };
    },
  };
}

export interface KeyOwner {
  readonly key: ApiKeyRow;
  readonly tenant: typeof tenants.$inferSelect;
  readonly settings: string;
}

/** Who a key belongs to. The one look-up that starts without a tenant: the hash is the proof. */
export async function findKeyOwner(db: D1Database, hash: string): Promise<KeyOwner | undefined> {
  return drizzle(db)
    .select({ key: apiKeys, tenant: tenants, settings: projects.settings })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .innerJoin(projects, and(eq(projects.id, apiKeys.projectId), eq(projects.tenantId, apiKeys.tenantId)))
    .where(eq(apiKeys.hash, hash))
    .get();
}
