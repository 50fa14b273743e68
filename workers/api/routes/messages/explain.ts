import { explanationShape } from "../../../../src/shared/contract/explain.ts";
import { messageId } from "../../../../src/shared/contract/messages.ts";
import { explainMessage } from "../../../../src/shared/verbs/explain-message.ts";
import { route } from "../../route.ts";
import { explanationView } from "./explain-view.ts";

export const explainMessageRoute = route({
  method: "GET",
  path: "/v1/messages/{id}/explain",
  operationId: "explainMessage",
  tag: "messages",
  summary: "Why a message went out as it did, or has not",
  description:
    "The verdict of every gate that it met, every try with the connection that was chosen and why, what it waits for now, and " +
    "one sentence for each delivery. For what is not at its end: which connection would be chosen now, and why not the others.",
  auth: "messages:read",
  params: messageId,
  responses: { 200: { description: "The explanation.", body: explanationShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => ({
    status: 200,
    body: explanationView(await explainMessage(deps, caller, params.id)),
  }),
});
