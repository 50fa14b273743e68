import { tenantId, tenantWithBacklogShape } from "../../../../src/shared/contract/admin.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { tenantOf } from "../../../../src/shared/db/control/tenants.ts";
import { surveyBacklog } from "../../../../src/shared/verbs/survey-backlog.ts";
import { route } from "../../route.ts";
import { backlogView, tenantView } from "./view.ts";

export const getTenantRoute = route({
  method: "GET",
  path: "/admin/tenants/{id}",
  operationId: "getTenant",
  tag: "operator",
  summary: "Read a tenant",
  auth: "operator",
  params: tenantId,
  responses: { 200: { description: "The tenant.", body: tenantWithBacklogShape } },
  faults: ["not_found"],
  handle: async ({ deps, params }) => {
    const row = await tenantOf(deps.control, { tenantId: params.id }).get();
    if (!row) throw new Fault("not_found");
    const backlog = await surveyBacklog(deps, row.id, row.gateShards);
    return { status: 200, body: { ...tenantView(row), backlog: backlog && backlogView(backlog) } };
  },
});
