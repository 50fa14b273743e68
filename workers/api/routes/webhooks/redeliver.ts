import { callbackShape, redeliver as shape, webhookId } from "../../../../src/shared/contract/webhooks.ts";
import { redeliver } from "../../../../src/shared/verbs/callback-history.ts";
import { route } from "../../route.ts";
import { callbackView } from "./view.ts";

export const redeliverRoute = route({
  method: "POST",
  path: "/v1/webhooks/{id}/redeliver",
  operationId: "redeliver",
  tag: "webhooks",
  summary: "Post one event again",
  description:
    "Under the same `webhook-id`, with all tries before it. Also takes the project's id, as the list of deliveries does.",
  auth: "webhooks:write",
  params: webhookId,
  body: shape,
  examples: [{ summary: "One of the list", body: { delivery_id: "evt_01K5Z8Q4M2000000000000000A" } }],
  responses: { 202: { description: "It is on its way.", body: callbackShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, caller, params, body }) => ({
    status: 202,
    body: callbackView(await redeliver(deps, actor, caller, params.id, body.delivery_id)),
  }),
});
