import { drizzle } from "drizzle-orm/d1";
import type { ProjectSettings, TenantLimits } from "../../core/tenant.ts";
import { statement } from "../commit.ts";
import type { ProjectScope, TenantScope } from "../scope.ts";
import { projects, tenants } from "./schema.ts";

export interface NewTenantRow {
  readonly name: string;
  readonly limits: TenantLimits;
  readonly settings: ProjectSettings;
  readonly dbShards: readonly number[];
  readonly gateShards: number;
  readonly now: number;
}

/** A tenant and its first project. */
export function insertTenant(db: D1Database, scope: ProjectScope, row: NewTenantRow): D1PreparedStatement[] {
  const d = drizzle(db);
  return [
    statement(
      db,
      d.insert(tenants).values({
        id: scope.tenantId,
        name: row.name,
        status: "active",
        limits: JSON.stringify(row.limits),
        dbShards: JSON.stringify(row.dbShards),
        gateShards: row.gateShards,
        createdAt: row.now,
      }),
    ),
    statement(
      db,
      d.insert(projects).values({
        id: scope.projectId,
        tenantId: scope.tenantId,
        name: "Default",
        settings: JSON.stringify(row.settings),
        createdAt: row.now,
      }),
    ),
  ];
}

/** The message databases that a tenant is placed on; none for a tenant that is not there. */
export async function tenantShards(db: D1Database, scope: TenantScope): Promise<number[]> {
  const row = await db.prepare("SELECT db_shards FROM tenants WHERE id = ?1").bind(scope.tenantId).first<{ db_shards: string }>();
  return row ? (JSON.parse(row.db_shards) as number[]) : [];
}
