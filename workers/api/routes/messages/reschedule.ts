import { messageId, messageShape, rescheduleMessage as shape } from "../../../../src/shared/contract/messages.ts";
import { rescheduleMessage } from "../../../../src/shared/verbs/reschedule-message.ts";
import { route } from "../../route.ts";
import { messageView } from "./view.ts";

export const rescheduleMessageRoute = route({
  method: "POST",
  path: "/v1/messages/{id}/reschedule",
  operationId: "rescheduleMessage",
  tag: "messages",
  summary: "Move a scheduled message to another time",
  description: "A time past means now. 409 where the message is not scheduled any more.",
  auth: "messages:manage",
  params: messageId,
  body: shape,
  responses: { 200: { description: "The message with its new time.", body: messageShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, caller, params, body }) => ({
    status: 200,
    body: messageView(await rescheduleMessage(deps, caller, params.id, Date.parse(body.schedule_at))),
  }),
});
