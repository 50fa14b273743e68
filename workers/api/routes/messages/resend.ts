import { messageId } from "../../../../src/shared/contract/messages.ts";
import { sendAnswer } from "../../../../src/shared/contract/send.ts";
import { resendMessage } from "../../../../src/shared/verbs/resend-message.ts";
import { route } from "../../route.ts";

export const resendMessageRoute = route({
  method: "POST",
  path: "/v1/messages/{id}/resend",
  operationId: "resendMessage",
  tag: "messages",
  summary: "Send a finished message again, as a new one",
  description:
    "The same content and variables to the same recipient, with `resent_from` in its metadata. 409 while the message is " +
    "still scheduled, queued or being sent. With an Idempotency-Key the call may be repeated without sending twice.",
  auth: "messages:send",
  idempotent: true,
  params: messageId,
  responses: { 202: { description: "Accepted: the new message is durable and on its way.", body: sendAnswer } },
  faults: ["not_found", "conflict", "idempotency_key_reused", "rate_limited", "quota_exceeded", "unavailable"],
  handle: async ({ deps, caller, params, request, requestId }) => {
    const idempotencyHeader = request.headers.get("idempotency-key");
    const outcome = await resendMessage(deps, caller, params.id, { idempotencyHeader, requestId });
    return { status: 202, body: outcome.body, headers: outcome.headers };
  },
});
