import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { routingPolicyShape } from "../../../../src/shared/contract/routing-policies.ts";
import type { RoutingPolicyRow } from "../../../../src/shared/db/control/routing-policies.ts";

/** The JSON column was written by createRoutingPolicy and updateRoutingPolicy, in this shape. */
export function routingPolicyView(row: RoutingPolicyRow): z.output<typeof routingPolicyShape> {
  return {
    id: row.id,
    project_id: row.projectId,
    name: row.name,
    position: row.position,
    enabled: row.enabled,
    rules: JSON.parse(row.rules) as z.output<typeof routingPolicyShape>["rules"],
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
  };
}
