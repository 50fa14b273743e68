import { messageId, messageShape } from "../../../../src/shared/contract/messages.ts";
import { cancelMessage } from "../../../../src/shared/verbs/cancel-message.ts";
import { route } from "../../route.ts";
import { messageView } from "./view.ts";

export const cancelMessageRoute = route({
  method: "POST",
  path: "/v1/messages/{id}/cancel",
  operationId: "cancelMessage",
  tag: "messages",
  summary: "Cancel a scheduled or queued message",
  description: "409 where it is being sent, or has ended. Cancelling a cancelled message answers 200 and changes nothing.",
  auth: "messages:manage",
  params: messageId,
  responses: { 200: { description: "The cancelled message.", body: messageShape } },
  faults: ["not_found", "conflict", "unavailable"],
  handle: async ({ deps, caller, params }) => ({
    status: 200,
    body: messageView(await cancelMessage(deps, caller, params.id)),
  }),
});
