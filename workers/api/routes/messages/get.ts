import { messageId, messageShape } from "../../../../src/shared/contract/messages.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { findMessage } from "../../../../src/shared/verbs/find-message.ts";
import { route } from "../../route.ts";
import { messageView } from "./view.ts";

export const getMessageRoute = route({
  method: "GET",
  path: "/v1/messages/{id}",
  operationId: "getMessage",
  tag: "messages",
  summary: "Read a message with every attempt and event",
  description: "Answers from the moment of the 202.",
  auth: "messages:read",
  params: messageId,
  responses: { 200: { description: "The message.", body: messageShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const found = await findMessage(deps, caller, params.id);
    if (!found) throw new Fault("not_found");
    return { status: 200, body: messageView(found) };
  },
});
