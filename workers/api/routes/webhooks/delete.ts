import { webhookId } from "../../../../src/shared/contract/webhooks.ts";
import { deleteWebhook } from "../../../../src/shared/verbs/delete-webhook.ts";
import { route } from "../../route.ts";

export const deleteWebhookRoute = route({
  method: "DELETE",
  path: "/v1/webhooks/{id}",
  operationId: "deleteWebhook",
  tag: "webhooks",
  summary: "Delete a webhook and its keys",
  description: "What is still on its way to it is not posted any more.",
  auth: "webhooks:write",
  params: webhookId,
  responses: { 204: { description: "It is gone.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => {
    await deleteWebhook(deps, actor, params.id);
    return { status: 204 };
  },
});
