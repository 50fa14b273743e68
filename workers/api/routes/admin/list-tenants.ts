import { listTenants as shape, tenantShape } from "../../../../src/shared/contract/admin.ts";
import { page, pageOf } from "../../../../src/shared/contract/common.ts";
import { listTenants } from "../../../../src/shared/db/control/all-tenants.ts";
import { route } from "../../route.ts";
import { tenantView } from "./view.ts";

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
