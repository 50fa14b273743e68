/** What of a connection's health is kept beside it: whether it is unwell. The rest is in its ProviderHealth object. */
import { and, count, desc, eq, isNotNull, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { TenantScope } from "../scope.ts";
import type { ConnectionRow } from "./connections.ts";
import { connections } from "./schema.ts";

/** For its object, which knows the tenant and not the project. */
export async function connectionOf(db: D1Database, { tenantId }: TenantScope, id: string): Promise<ConnectionRow | undefined> {
  return drizzle(db)
    .select()
    .from(connections)
    .where(and(eq(connections.tenantId, tenantId), eq(connections.id, id)))
    .get();
}

/** Milliseconds since 1970, or null where it is well again; the first opening counts. */
export function markUnwell(db: D1Database, { tenantId }: TenantScope, id: string, since: number | null): D1PreparedStatement {
  const mine = and(eq(connections.tenantId, tenantId), eq(connections.id, id));
  return statement(
    db,
    drizzle(db)
      .update(connections)
      .set({ unwellSince: since === null ? null : sql`coalesce(${connections.unwellSince}, ${since})` })
      .where(mine),
  );
}

/** The operator's: unwell connections of all tenants, the latest first. Nothing that a tenant calls may use this. */
export async function unwellConnections(db: D1Database, limit: number): Promise<ConnectionRow[]> {
  return drizzle(db)
    .select()
    .from(connections)
    .where(isNotNull(connections.unwellSince))
    .orderBy(desc(connections.unwellSince))
    .limit(limit);
}

/** The operator's: all connections by provider, and how many of them are unwell. */
export async function countConnections(db: D1Database): Promise<{ provider: string; all: number; unwell: number }[]> {
  return drizzle(db)
    .select({ provider: connections.provider, all: count(), unwell: count(connections.unwellSince) })
    .from(connections)
    .groupBy(connections.provider)
    .orderBy(connections.provider);
}
