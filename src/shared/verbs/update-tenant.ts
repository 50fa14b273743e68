/** The operator changes a tenant: its name, whether it may call, what it may send, and where it is placed. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type LimitsPatch, type TenantRow, tenantOf } from "../db/control/tenants.ts";
import { forgetCallers } from "./authenticate.ts";
import { checkShards } from "./create-tenant.ts";
import type { Deps } from "./deps.ts";

export interface TenantChange {
  readonly name?: string;
  readonly status?: "active" | "suspended";
  readonly limits?: LimitsPatch;
  readonly gateShards?: number;
  readonly dbShards?: readonly number[];
}

/** This isolate sees the change at once, also sends with a key that was just in use; others within 30 s, deliveries within ten. */
export async function updateTenant(
  deps: Pick<Deps, "control" | "shards" | "now" | "random">,
  input: { readonly tenantId: string; readonly change: TenantChange; readonly requestId: string },
): Promise<TenantRow> {
  const { change, tenantId, requestId } = input;
  const tenant = tenantOf(deps.control, { tenantId });
  const row = await tenant.get();
  if (!row) throw new Fault("not_found");
  checkShards(deps, change.dbShards ?? []);
  checkGrowth(row, change);
  if (Object.keys(change).length === 0) return row;
  const now = deps.now();
  await commit(deps.control, [
    tenant.update(change),
    auditRow(
      deps.control,
      { tenantId, projectId: null, name: "operator", requestId },
      { id: newId("aud", now, deps.random), at: now, action: "tenant.updated", target: tenantId, details: { ...change } },
    ),
  ]);
  forgetCallers(tenantId);
  return (await tenant.get()) ?? row;
}

/** A place that is taken away would hide what is in it. */
function checkGrowth(row: TenantRow, { gateShards, dbShards }: TenantChange): void {
  if (gateShards !== undefined && gateShards < row.gateShards) {
    throw new Fault("conflict", {
      detail:
        `gate_shards is ${row.gateShards} and can only grow: the gates above ${gateShards} hold accepted messages and ` +
        "idempotency keys, and nobody would find them there any more.",
    });
  }
  const placed = JSON.parse(row.dbShards) as number[];
  const lost = dbShards === undefined ? [] : placed.filter((shard) => !dbShards.includes(shard));
  if (lost.length > 0) {
    throw new Fault("conflict", {
      detail:
        `db_shards can only grow, and ${lost.join(", ")} would be gone: lists and the sweep of what was lost look only ` +
        "where a tenant is placed.",
    });
  }
}
