/** The operator's reads over all tenants. Nothing that a tenant calls may use these. */
import { desc, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { tenants } from "./schema.ts";
import type { TenantRow } from "./tenants.ts";

/** Newest first; ids below `before`. */
export async function listTenants(db: D1Database, before: string | null, limit: number): Promise<TenantRow[]> {
  return drizzle(db)
    .select()
    .from(tenants)
    .where(before === null ? undefined : lt(tenants.id, before))
    .orderBy(desc(tenants.id))
    .limit(limit);
}
