import { z } from "zod";
import { pageOf } from "../../../../src/shared/contract/common.ts";
import { ownTenantShape } from "../../../../src/shared/contract/tenants.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { tenantOf } from "../../../../src/shared/db/control/tenants.ts";
import { route } from "../../route.ts";
import { ownTenantView } from "./view.ts";

export const listOwnTenantsRoute = route({
  method: "GET",
  path: "/v1/tenants",
  operationId: "listOwnTenants",
  tag: "tenancy",
  summary: "Read your tenant and its limits",
  description: "A list of the one tenant that the key belongs to. Its limits are set by whoever runs this deployment.",
  auth: "projects:read",
  tenantWide: true,
  query: z.strictObject({}),
  responses: { 200: { description: "Your tenant, on the only page.", body: pageOf(ownTenantShape) } },
  handle: async ({ deps, caller }) => {
    const row = await tenantOf(deps.control, caller).get();
    if (!row) throw new Fault("not_found");
    return { status: 200, body: { data: [ownTenantView(row)], next_cursor: null } };
  },
});
