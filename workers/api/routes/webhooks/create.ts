import { newWebhookShape, createWebhook as shape } from "../../../../src/shared/contract/webhooks.ts";
import { createWebhook } from "../../../../src/shared/verbs/create-webhook.ts";
import { route } from "../../route.ts";
import { webhookView } from "./view.ts";

export const createWebhookRoute = route({
  method: "POST",
  path: "/v1/webhooks",
  operationId: "createWebhook",
  tag: "webhooks",
  summary: "Have the events of this project posted to an address",
  description:
    "Each event is posted as JSON, signed by [Standard Webhooks](https://www.standardwebhooks.com): see the guide. Whatever " +
    "is not answered 2xx within 15 seconds is tried again after 5 seconds, 5 minutes, 30 minutes, 2 hours, 5 hours, 10 hours " +
    "and 10 hours more. Events of the first ten seconds may be missing.",
  auth: "webhooks:write",
  body: shape,
  examples: [
    { summary: "Everything", body: { url: "https://shop.example/hooks/carillon" } },
    {
      summary: "What went wrong with messages and connections",
      body: {
        url: "https://shop.example/hooks/carillon?kind=trouble",
        events: ["message.bounced", "message.complained", "message.failed", "connection.*"],
        description: "Alerts",
      },
    },
  ],
  responses: { 201: { description: "The endpoint; its secret is shown this once.", body: newWebhookShape } },
  faults: ["conflict"],
  handle: async ({ deps, actor, body }) => {
    const { secret, row } = await createWebhook(deps, actor, body);
    return { status: 201, body: { ...webhookView(row), secret } };
  },
});
