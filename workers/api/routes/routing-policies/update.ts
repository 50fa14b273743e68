import { policyId, routingPolicyShape, updateRoutingPolicy as shape } from "../../../../src/shared/contract/routing-policies.ts";
import { updateRoutingPolicy } from "../../../../src/shared/verbs/update-routing-policy.ts";
import { route } from "../../route.ts";
import { routingPolicyView } from "./view.ts";

export const updateRoutingPolicyRoute = route({
  method: "PATCH",
  path: "/v1/routing-policies/{id}",
  operationId: "updateRoutingPolicy",
  tag: "routing",
  summary: "Change a routing policy, or switch it off",
  description: "Deliveries go by the change at once, or within ten seconds where many isolates deliver.",
  auth: "routing:write",
  params: policyId,
  body: shape,
  examples: [{ summary: "Switch it off", body: { enabled: false } }],
  responses: { 200: { description: "The policy as it is now.", body: routingPolicyShape } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params, body }) => ({
    status: 200,
    body: routingPolicyView(await updateRoutingPolicy(deps, actor, params.id, body)),
  }),
});
