import { jsonObject } from "../../../../src/shared/contract/common.ts";
import { batchAnswer, batchBody, MAX_SEND_BYTES, recipientsBatch, sendsBatch } from "../../../../src/shared/contract/send.ts";
import { batchOfRecipients, batchOfSends } from "../../../../src/shared/verbs/send-batch.ts";
import { validate } from "../../body.ts";
import { route } from "../../route.ts";

export const batchRoute = route({
  method: "POST",
  path: "/v1/batch",
  operationId: "sendBatch",
  tag: "send",
  summary: "Send to up to 1,000 recipients, or up to 1,000 sends, in one request",
  description:
    "Give `recipients` (one send to many) or `sends` (many sends). Each item answers for itself: a bad one is rejected " +
    "with its errors and the others are accepted.",
  auth: "messages:send",
  cachedAuth: true,
  idempotent: true,
  body: jsonObject,
  documentBody: batchBody,
  maxBodyBytes: MAX_SEND_BYTES,
  responses: { 202: { description: "What became of each item.", body: batchAnswer } },
  faults: ["idempotency_key_reused", "rate_limited", "quota_exceeded", "unavailable"],
  examples: [
    {
      summary: "One send to many recipients",
      body: {
        recipients: [
          { channel: "email", destination: "ada@example.com", variables: { name: "Ada" } },
          { channel: "email", destination: "grace@example.com", variables: { name: "Grace" } },
        ],
        content: { email: { subject: "Hello {{ name }}", text: "It has come." } },
      },
    },
    {
      summary: "Many sends",
      body: {
        sends: [
          { to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "One" } } },
          { to: [{ channel: "sms", destination: "+447700900124" }], content: { sms: { text: "Two" } }, deduplication_key: "two" },
        ],
      },
    },
  ],
  handle: async ({ deps, caller, body, rawBody, request, requestId }) => {
    const input = { rawBody, idempotencyHeader: request.headers.get("idempotency-key"), requestId };
    const outcome =
      "recipients" in body
        ? await batchOfRecipients(deps, caller, validate(recipientsBatch, body), input)
        : await batchOfSends(deps, caller, validate(sendsBatch, body), input);
    const { accepted, rejected } = outcome.body;
    return { status: 202, body: outcome.body, headers: outcome.headers, log: { messages: accepted, rejected } };
  },
});
