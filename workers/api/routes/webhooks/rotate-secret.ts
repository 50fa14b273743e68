import { rotateSecret } from "../../../../src/shared/contract/webhook-keys.ts";
import { newSecretShape, webhookId } from "../../../../src/shared/contract/webhooks.ts";
import { rotateWebhookSecret } from "../../../../src/shared/verbs/rotate-signing-key.ts";
import { route } from "../../route.ts";
import { keysView } from "./keys-view.ts";

export const rotateWebhookSecretRoute = route({
  method: "POST",
  path: "/v1/webhooks/{id}/rotate-secret",
  operationId: "rotateWebhookSecret",
  tag: "webhooks",
  summary: "Give a webhook a new secret and key pair",
  description:
    "Until the overlap ends, every post carries the signatures of the key before as well. At most three keys sign at a time. " +
    "With an overlap of 0 the old key may sign for ten seconds more.",
  auth: "webhooks:write",
  params: webhookId,
  body: rotateSecret,
  examples: [{ summary: "With a day to change over", body: { overlap_seconds: 86_400 } }],
  responses: { 201: { description: "The new secret, shown this once.", body: newSecretShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params, body }) => {
    const { secret, keys } = await rotateWebhookSecret(deps, actor, params.id, body.overlap_seconds);
    return { status: 201, body: { secret, keys: keysView(keys) } };
  },
});
