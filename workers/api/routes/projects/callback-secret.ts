import { projectId } from "../../../../src/shared/contract/projects.ts";
import { rotateSecret } from "../../../../src/shared/contract/webhook-keys.ts";
import { newSecretShape } from "../../../../src/shared/contract/webhooks.ts";
import { rotateCallbackSecret } from "../../../../src/shared/verbs/rotate-signing-key.ts";
import { route } from "../../route.ts";
import { keysView } from "../webhooks/keys-view.ts";

export const rotateCallbackSecretRoute = route({
  method: "POST",
  path: "/v1/projects/{id}/callback-secret",
  operationId: "rotateCallbackSecret",
  tag: "projects",
  summary: "Give a project a new secret for its messages' callback_url",
  description:
    "What is posted to a message's `callback_url` is signed as a webhook is, with the project's own key. Until the overlap " +
    "ends, the key before signs as well.",
  auth: "projects:write",
  tenantWide: true,
  params: projectId,
  body: rotateSecret,
  examples: [{ summary: "With a day to change over", body: { overlap_seconds: 86_400 } }],
  responses: { 201: { description: "The new secret, shown this once.", body: newSecretShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params, body }) => {
    const { secret, keys } = await rotateCallbackSecret(deps, actor, params.id, body.overlap_seconds);
    return { status: 201, body: { secret, keys: keysView(keys) } };
  },
});
