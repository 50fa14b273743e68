import { policyId, routingPolicyShape } from "../../../../src/shared/contract/routing-policies.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { routingPoliciesOf } from "../../../../src/shared/db/control/routing-policies.ts";
import { route } from "../../route.ts";
import { routingPolicyView } from "./view.ts";

export const getRoutingPolicyRoute = route({
  method: "GET",
  path: "/v1/routing-policies/{id}",
  operationId: "getRoutingPolicy",
  tag: "routing",
  summary: "Read a routing policy",
  auth: "routing:read",
  params: policyId,
  responses: { 200: { description: "The policy.", body: routingPolicyShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const row = await routingPoliciesOf(deps.control, caller).get(params.id);
    if (!row) throw new Fault("not_found");
    return { status: 200, body: routingPolicyView(row) };
  },
});
