import { updateTenant as shape, tenantId, tenantShape } from "../../../../src/shared/contract/admin.ts";
import { updateTenant } from "../../../../src/shared/verbs/update-tenant.ts";
import { route } from "../../route.ts";
import { limitsIn, tenantView } from "./view.ts";

export const updateTenantRoute = route({
  method: "PATCH",
  path: "/admin/tenants/{id}",
  operationId: "updateTenant",
  tag: "operator",
  summary: "Change a tenant's name, status, limits or placement",
  description:
    "Every key of a suspended tenant is answered 403: at once on all routes but the two that send, which may know a key for up " +
    "to 30 seconds in isolates other than the one that made the change. What was accepted before is still delivered. New limits " +
    "reach sends within the same 30 seconds.\n\n" +
    "`gate_shards` only grows. A key's gate follows from their number, so an idempotency key that was accepted before the change " +
    "may not be recognised after it, for as long as it would have been kept: change it when nobody is repeating requests. " +
    "Messages are found as before. Rate and monthly quota are split anew between the gates, so the month of the change may let " +
    "through more than its quota, or less. `db_shards` only grows either: new messages are spread over all of them, old ones stay.",
  auth: "operator",
  params: tenantId,
  body: shape,
  examples: [
    { summary: "Suspend it", body: { status: "suspended" } },
    { summary: "Let it send more", body: { limits: { rate_per_second: 500, monthly_messages: null } } },
    { summary: "Spread it over four gates", body: { gate_shards: 4 } },
  ],
  responses: { 200: { description: "The tenant as it is now.", body: tenantShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, params, body, requestId }) => {
    const { name, status, limits, gate_shards, db_shards } = body;
    const row = await updateTenant(deps, {
      tenantId: params.id,
      requestId,
      change: {
        ...(name === undefined ? {} : { name }),
        ...(status === undefined ? {} : { status }),
        ...(limits === undefined ? {} : { limits: limitsIn(limits) }),
        ...(gate_shards === undefined ? {} : { gateShards: gate_shards }),
        ...(db_shards === undefined ? {} : { dbShards: db_shards }),
      },
    });
    return { status: 200, body: tenantView(row) };
  },
});
