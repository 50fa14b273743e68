import { drizzle } from "drizzle-orm/d1";
import type { TenantLimits } from "../../core/tenant.ts";
import { statement } from "../commit.ts";
import type { TenantScope } from "../scope.ts";
import { tenants } from "./schema.ts";

export interface NewTenantRow {
  readonly name: string;
  readonly limits: TenantLimits;
  readonly dbShards: readonly number[];
  readonly gateShards: number;
  readonly now: number;
}

export function insertTenant(db: D1Database, scope: TenantScope, row: NewTenantRow): D1PreparedStatement {
  return statement(
    db,
    drizzle(db)
      .insert(tenants)
      .values({
        id: scope.tenantId,
        name: row.name,
        status: "active",
        limits: JSON.stringify(row.limits),
        dbShards: JSON.stringify(row.dbShards),
        gateShards: row.gateShards,
        createdAt: row.now,
      }),
  );
}

/** The message databases that a tenant is placed on; none for a tenant that is not there. */
export async function tenantShards(db: D1Database, scope: TenantScope): Promise<number[]> {
  const row = await db.prepare("SELECT db_shards FROM tenants WHERE id = ?1").bind(scope.tenantId).first<{ db_shards: string }>();
  return row ? (JSON.parse(row.db_shards) as number[]) : [];
}
