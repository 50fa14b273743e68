import { updateTenant as shape, tenantId, tenantShape } from "../../../../src/shared/contract/admin.ts";
import { outboundPatch } from "../../../../src/shared/contract/outbound.ts";
import { updateTenant } from "../../../../src/shared/verbs/update-tenant.ts";
import { route } from "../../route.ts";
import { abuseIn, limitsIn, tenantView } from "./view.ts";

export const updateTenantRoute = route({
  method: "PATCH",
  path: "/admin/tenants/{id}",
  operationId: "updateTenant",
  tag: "operator",
  summary: "Change a tenant's name, status, limits, watch for abuse or placement",
  description:
    "Every key of a suspended tenant is answered 403: at once on all routes but the two that send, which may know a key for up " +
    "to 30 seconds in isolates other than the one that made the change. What was accepted before is still delivered. New limits " +
    "reach sends within the same 30 seconds, and those of `outbound` reach deliveries within ten.\n\n" +
    "`abuse` says when a live key is suspended by itself (see `POST /v1/keys/{id}/suspend`). Projects whose connections are all " +
    "sandboxes are not watched. What is counted lies in the memory of the tenant's gates: one that has had nothing to do for a " +
    "while forgets it, and then needs another 30 minutes before it can tell a spike.\n\n" +
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
    { summary: "Let its keys send in bursts of any size", body: { abuse: { rate_factor: 1000 } } },
    { summary: "Limit how fast its email goes out", body: { outbound: { email: { rate_per_second: 50 }, sms: null } } },
    { summary: "Spread it over four gates", body: { gate_shards: 4 } },
  ],
  responses: { 200: { description: "The tenant as it is now.", body: tenantShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, params, body, requestId }) => {
    const { name, status, limits, abuse, outbound, gate_shards, db_shards } = body;
    const row = await updateTenant(deps, {
      tenantId: params.id,
      requestId,
      change: {
        ...(name === undefined ? {} : { name }),
        ...(status === undefined ? {} : { status }),
        ...(limits === undefined && abuse === undefined && outbound === undefined
          ? {}
          : {
              limits: {
                ...limitsIn(limits ?? {}),
                ...(abuse === undefined ? {} : { abuse: abuseIn(abuse) }),
                ...(outbound === undefined ? {} : { outbound: outboundPatch(outbound) }),
              },
            }),
        ...(gate_shards === undefined ? {} : { gateShards: gate_shards }),
        ...(db_shards === undefined ? {} : { dbShards: db_shards }),
      },
    });
    return { status: 200, body: tenantView(row) };
  },
});
