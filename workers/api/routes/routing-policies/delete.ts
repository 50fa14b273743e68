import { policyId } from "../../../../src/shared/contract/routing-policies.ts";
import { deleteRoutingPolicy } from "../../../../src/shared/verbs/delete-routing-policy.ts";
import { route } from "../../route.ts";

export const deleteRoutingPolicyRoute = route({
  method: "DELETE",
  path: "/v1/routing-policies/{id}",
  operationId: "deleteRoutingPolicy",
  tag: "routing",
  summary: "Delete a routing policy",
  auth: "routing:write",
  params: policyId,
  responses: { 204: { description: "It is gone. What it decided before stays as it was decided.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => {
    await deleteRoutingPolicy(deps, actor, params.id);
    return { status: 204 };
  },
});
