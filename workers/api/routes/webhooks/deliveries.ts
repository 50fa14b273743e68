import { pageOf } from "../../../../src/shared/contract/common.ts";
import { callbackShape, listDeliveries, webhookId } from "../../../../src/shared/contract/webhooks.ts";
import { listCallbacks } from "../../../../src/shared/verbs/callback-history.ts";
import { route } from "../../route.ts";
import { callbackView } from "./view.ts";

export const listWebhookDeliveriesRoute = route({
  method: "GET",
  path: "/v1/webhooks/{id}/deliveries",
  operationId: "listWebhookDeliveries",
  tag: "webhooks",
  summary: "List what was posted to a webhook, with every try, newest first",
  description: "Kept for thirty days. With the id of this key's project: what was posted to its messages' `callback_url`.",
  auth: "webhooks:read",
  params: webhookId,
  query: listDeliveries,
  responses: { 200: { description: "A page of deliveries.", body: pageOf(callbackShape) } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params, query: { cursor, limit, state } }) => {
    const page = await listCallbacks(deps, caller, params.id, { state: state ?? null, before: cursor ?? null, limit });
    return { status: 200, body: { data: page.rows.map(callbackView), next_cursor: page.floor } };
  },
});
