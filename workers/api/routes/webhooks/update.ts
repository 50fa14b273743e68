import { updateWebhook as shape, webhookId, webhookShape } from "../../../../src/shared/contract/webhooks.ts";
import { updateWebhook } from "../../../../src/shared/verbs/update-webhook.ts";
import { route } from "../../route.ts";
import { webhookView } from "./view.ts";

export const updateWebhookRoute = route({
  method: "PATCH",
  path: "/v1/webhooks/{id}",
  operationId: "updateWebhook",
  tag: "webhooks",
  summary: "Change a webhook, or enable it again",
  description:
    "What waits for its next try goes to the new address. Where many isolates are at work, some go by the old one for up to " +
    "ten seconds.",
  auth: "webhooks:write",
  params: webhookId,
  body: shape,
  examples: [
    { summary: "Fewer events", body: { events: ["message.delivered", "message.failed"] } },
    { summary: "Enable it again", body: { enabled: true } },
  ],
  responses: { 200: { description: "The webhook as it is now.", body: webhookShape } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params, body }) => ({
    status: 200,
    body: webhookView(await updateWebhook(deps, actor, params.id, body)),
  }),
});
