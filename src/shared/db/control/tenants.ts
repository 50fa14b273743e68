import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { TenantLimits } from "../../core/tenant.ts";
import { statement } from "../commit.ts";
import type { TenantScope } from "../scope.ts";
import { tenants } from "./schema.ts";

export type TenantRow = typeof tenants.$inferSelect;

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

/** A merge patch (RFC 7396) of the stored TenantLimits. */
export type LimitsPatch = Omit<Partial<TenantLimits>, "outbound"> & {
  readonly outbound?: Readonly<Record<string, unknown>>;
};

export interface TenantRowChange {
  readonly name?: string;
  readonly status?: TenantRow["status"];
  readonly limits?: LimitsPatch;
  readonly gateShards?: number;
  readonly dbShards?: readonly number[];
}

/** One tenant's own row, for the operator. */
export function tenantOf(db: D1Database, scope: TenantScope) {
  const d = drizzle(db);
  const mine = eq(tenants.id, scope.tenantId);
  return {
    async get(): Promise<TenantRow | undefined> {
      return d.select().from(tenants).where(mine).get();
    },
    /** Limits are patched where they are; the number of gates never shrinks, whoever else changes it. */
    update({ name, status, limits, gateShards, dbShards }: TenantRowChange): D1PreparedStatement {
      return statement(
        db,
        d
          .update(tenants)
          .set({
            ...(name === undefined ? {} : { name }),
            ...(status === undefined ? {} : { status }),
            // A merge patch drops what is null, and a monthly limit that is missing is none: DEFAULT_LIMITS has null.
            ...(limits === undefined ? {} : { limits: sql`json_patch(${tenants.limits}, ${JSON.stringify(limits)})` }),
            ...(gateShards === undefined ? {} : { gateShards: sql`max(${tenants.gateShards}, ${gateShards})` }),
            ...(dbShards === undefined ? {} : { dbShards: JSON.stringify(dbShards) }),
          })
          .where(mine),
      );
    },
  };
}

/** The message databases that a tenant is placed on; none for a tenant that is not there. */
export async function tenantShards(db: D1Database, scope: TenantScope): Promise<number[]> {
  const row = await db.prepare("SELECT db_shards FROM tenants WHERE id = ?1").bind(scope.tenantId).first<{ db_shards: string }>();
  return row ? (JSON.parse(row.db_shards) as number[]) : [];
}
