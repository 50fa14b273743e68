import type { z } from "zod";
import type { ownTenantShape } from "../../../../src/shared/contract/tenants.ts";
import type { TenantRow } from "../../../../src/shared/db/control/tenants.ts";
import { tenantView } from "../admin/view.ts";

export function ownTenantView(row: TenantRow): z.output<typeof ownTenantShape> {
  const { id, name, status, limits, outbound, created_at } = tenantView(row);
  return { id, name, status, limits, outbound, created_at };
}
