import type { z } from "zod";
import { listTenants as shape, tenantShape } from "../../../../src/shared/contract/admin.ts";
import { iso, page, pageOf } from "../../../../src/shared/contract/common.ts";
import { DEFAULT_LIMITS, type TenantLimits } from "../../../../src/shared/core/tenant.ts";
import { listTenants, type TenantRow } from "../../../../src/shared/db/control/all-tenants.ts";
import { route } from "../../route.ts";

export const listTenantsRoute = route({
  method: "GET",
  path: "/admin/tenants",
  operationId: "listTenants",
  tag: "operator",
  summary: "List tenants, newest first",
  auth: "operator",
  query: shape,
  responses: { 200: { description: "A page of tenants.", body: pageOf(tenantShape) } },
  handle: async ({ deps, query }) => {
    const rows = await listTenants(deps.control, query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, tenantView) };
  },
});

function tenantView(row: TenantRow): z.output<typeof tenantShape> {
  const limits: TenantLimits = { ...DEFAULT_LIMITS, ...(JSON.parse(row.limits) as Partial<TenantLimits>) };
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    limits: {
      rate_per_second: limits.ratePerSecond,
      burst: limits.burst,
      monthly_messages: limits.monthlyMessages,
      critical_exempt: limits.criticalExempt,
    },
    db_shards: JSON.parse(row.dbShards) as number[],
    gate_shards: row.gateShards,
    created_at: iso(row.createdAt),
  };
}
