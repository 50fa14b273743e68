import { recoveredShape, recover as shape, webhookId } from "../../../../src/shared/contract/webhooks.ts";
import { recoverCallbacks } from "../../../../src/shared/verbs/callback-history.ts";
import { route } from "../../route.ts";

export const recoverRoute = route({
  method: "POST",
  path: "/v1/webhooks/{id}/recover",
  operationId: "recoverWebhook",
  tag: "webhooks",
  summary: "Post again what was given up since a time",
  description:
    "After an outage: everything that was given up, and all that happened while Carillon had the webhook disabled, in one call. " +
    "Enable it first. Also takes the project's id, as the list of deliveries does.",
  auth: "webhooks:write",
  params: webhookId,
  body: shape,
  responses: { 202: { description: "They are on their way.", body: recoveredShape } },
  faults: ["not_found", "conflict"],
  examples: [{ summary: "Since the outage began", body: { since: "2026-11-20T08:00:00Z" } }],
  handle: async ({ deps, actor, caller, params, body }) => ({
    status: 202,
    body: await recoverCallbacks(deps, actor, caller, params.id, {
      since: Date.parse(body.since),
      until: body.until === undefined ? deps.now() + 1 : Date.parse(body.until),
    }),
  }),
});
