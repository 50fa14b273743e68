import { webhookId, webhookShape } from "../../../../src/shared/contract/webhooks.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { webhooksOf } from "../../../../src/shared/db/control/webhooks.ts";
import { route } from "../../route.ts";
import { webhookView } from "./view.ts";

export const getWebhookRoute = route({
  method: "GET",
  path: "/v1/webhooks/{id}",
  operationId: "getWebhook",
  tag: "webhooks",
  summary: "Read a webhook, with the public keys that verify it",
  auth: "webhooks:read",
  params: webhookId,
  responses: { 200: { description: "The webhook.", body: webhookShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const row = await webhooksOf(deps.control, caller).get(params.id);
    if (!row) throw new Fault("not_found");
    return { status: 200, body: webhookView(row) };
  },
});
