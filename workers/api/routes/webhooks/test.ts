import { testedShape, testWebhook } from "../../../../src/shared/contract/webhooks.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { mustBePostable } from "../../../../src/shared/verbs/create-webhook.ts";
import { route } from "../../route.ts";
import { attemptView } from "./view.ts";

export const testWebhookRoute = route({
  method: "POST",
  path: "/v1/webhooks/test",
  operationId: "testWebhook",
  tag: "webhooks",
  summary: "Post a test event now, and read what the endpoint answered",
  description: "Once, with no further try. It stands in no list, and says nothing about whether the endpoint fails.",
  auth: "webhooks:write",
  body: testWebhook,
  examples: [
    { summary: "A webhook of this project", body: { webhook_id: "whk_01K5Z8Q4M2000000000000000A" } },
    { summary: "Any address", body: { url: "https://shop.example/hooks/carillon" } },
  ],
  responses: { 200: { description: "What was posted, and what came back.", body: testedShape } },
  faults: ["conflict"],
  handle: async ({ deps, caller, body: { webhook_id: endpointId, url } }) => {
    if (url !== undefined) mustBePostable(deps, url);
    const target = url === undefined ? { endpointId: endpointId ?? "" } : { url };
    const post = await deps.postman.postTest({ tenantId: caller.tenantId, projectId: caller.projectId }, target);
    if (post.kind === "refused") throw refused(post.reason);
    const { id, body, isAccepted, attempt } = post;
    return { status: 200, body: { id, url: post.url, delivered: isAccepted, body, attempt: attemptView(attempt) } };
  },
});

function refused(reason: "not_found" | "no_secret" | "address_refused"): Fault {
  switch (reason) {
    case "not_found":
      return new Fault("validation_failed", {
        errors: [{ path: "webhook_id", message: "There is no such webhook in this project." }],
      });
    case "no_secret":
      return new Fault("conflict", { detail: "There is no secret to sign with: rotate it first." });
    case "address_refused":
      return new Fault("conflict", { detail: "The webhook's address may not be posted to." });
  }
}
