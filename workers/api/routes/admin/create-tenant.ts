import { newTenantShape, createTenant as shape } from "../../../../src/shared/contract/admin.ts";
import { createTenant } from "../../../../src/shared/verbs/create-tenant.ts";
import { route } from "../../route.ts";
import { limitsIn } from "./view.ts";

export const createTenantRoute = route({
  method: "POST",
  path: "/admin/tenants",
  operationId: "createTenant",
  tag: "operator",
  summary: "Make a tenant with its first project and keys",
  auth: "operator",
  body: shape,
  examples: [
    { summary: "With the usual limits", body: { name: "Acme" } },
    {
      summary: "One that sends very much",
      body: { name: "Big", limits: { rate_per_second: 5000, burst: 50_000 }, gate_shards: 8 },
    },
  ],
  responses: { 201: { description: "The tenant; its keys are shown this once.", body: newTenantShape } },
  handle: async ({ deps, body, requestId }) => {
    const made = await createTenant(deps, {
      name: body.name,
      limits: limitsIn(body.limits),
      gateShards: body.gate_shards,
      dbShards: body.db_shards,
      sandbox: body.sandbox,
      requestId,
    });
    return {
      status: 201,
      body: {
        tenant_id: made.tenantId,
        project_id: made.projectId,
        live_key: made.liveKey,
        test_key: made.testKey,
        callback_secret: made.callbackSecret,
      },
    };
  },
});
