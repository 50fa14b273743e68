import { connectionId, verificationShape } from "../../../../src/shared/contract/connections.ts";
import { askVerification } from "../../../../src/shared/verbs/ask-verification.ts";
import { route } from "../../route.ts";
import { verificationView } from "./view.ts";

export const verifyConnectionRoute = route({
  method: "POST",
  path: "/v1/connections/{id}/verify",
  operationId: "verifyConnection",
  tag: "connections",
  summary: "Ask the provider whether a connection works",
  description: "Uses the stored credentials and sends nothing. A `no` is an answer like a `yes`: the call itself succeeded.",
  auth: "connections:write",
  params: connectionId,
  responses: { 200: { description: "What the provider said.", body: verificationShape } },
  faults: ["not_found", "unavailable"],
  handle: async ({ deps, actor, params }) => ({
    status: 200,
    body: verificationView(await askVerification(deps, actor, params.id)),
  }),
});
