import { pageOf } from "../../../../src/shared/contract/common.ts";
import { routingPolicyShape } from "../../../../src/shared/contract/routing-policies.ts";
import { routingPoliciesOf } from "../../../../src/shared/db/control/routing-policies.ts";
import { route } from "../../route.ts";
import { routingPolicyView } from "./view.ts";

export const listRoutingPoliciesRoute = route({
  method: "GET",
  path: "/v1/routing-policies",
  operationId: "listRoutingPolicies",
  tag: "routing",
  summary: "List the routing policies of this project, in the order in which they are asked",
  auth: "routing:read",
  responses: { 200: { description: "All of them: there are 50 at most.", body: pageOf(routingPolicyShape) } },
  handle: async ({ deps, caller }) => {
    const rows = await routingPoliciesOf(deps.control, caller).list();
    return { status: 200, body: { data: rows.map(routingPolicyView), next_cursor: null } };
  },
});
