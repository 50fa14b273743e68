import { tenantId, tenantShape } from "../../../../src/shared/contract/admin.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { tenantOf } from "../../../../src/shared/db/control/tenants.ts";
import { route } from "../../route.ts";
import { tenantView } from "./view.ts";

export const getTenantRoute = route({
  method: "GET",
  path: "/admin/tenants/{id}",
  operationId: "getTenant",
  tag: "operator",
  summary: "Read a tenant",
  auth: "operator",
  params: tenantId,
  responses: { 200: { description: "The tenant.", body: tenantShape } },
  faults: ["not_found"],
  handle: async ({ deps, params }) => {
    const row = await tenantOf(deps.control, { tenantId: params.id }).get();
    if (!row) throw new Fault("not_found");
    return { status: 200, body: tenantView(row) };
  },
});
