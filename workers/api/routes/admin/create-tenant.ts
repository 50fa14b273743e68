import { newTenantShape, createTenant as shape } from "../../../../src/shared/contract/admin.ts";
import { createTenant } from "../../../../src/shared/verbs/create-tenant.ts";
import { route } from "../../route.ts";

export const createTenantRoute = route({
  method: "POST",
  path: "/admin/tenants",
  operationId: "createTenant",
  tag: "operator",
  summary: "Make a tenant with its first project and keys",
  auth: "operator",
  body: shape,
  responses: { 201: { description: "The tenant; its keys are shown this once.", body: newTenantShape } },
  handle: async ({ deps, body, requestId }) => {
    const { rate_per_second, burst, monthly_messages, critical_exempt } = body.limits;
    const made = await createTenant(deps, {
      name: body.name,
      limits: {
        ...(rate_per_second === undefined ? {} : { ratePerSecond: rate_per_second }),
        ...(burst === undefined ? {} : { burst }),
        ...(monthly_messages === undefined ? {} : { monthlyMessages: monthly_messages }),
        ...(critical_exempt === undefined ? {} : { criticalExempt: critical_exempt }),
      },
      gateShards: body.gate_shards,
      sandbox: body.sandbox,
      requestId,
    });
    return {
      status: 201,
      body: { tenant_id: made.tenantId, project_id: made.projectId, live_key: made.liveKey, test_key: made.testKey },
    };
  },
});
