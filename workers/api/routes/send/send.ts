import { MAX_SEND_BYTES, sendAnswer, sendBody } from "../../../../src/shared/contract/send.ts";
import { send } from "../../../../src/shared/verbs/send.ts";
import { route } from "../../route.ts";

export const sendRoute = route({
  method: "POST",
  path: "/v1/send",
  operationId: "send",
  tag: "send",
  summary: "Send a notification",
  description:
    "Answers 202 once the receipt is durable. Every recipient becomes a message of its own, which can be read at once; with " +
    "`routing`, several addresses of one recipient make one message. " +
    "With an Idempotency-Key the call may be repeated without sending twice.",
  auth: "messages:send",
  cachedAuth: true,
  idempotent: true,
  body: sendBody,
  maxBodyBytes: MAX_SEND_BYTES,
  responses: { 202: { description: "Accepted: durable, and on its way or scheduled.", body: sendAnswer } },
  faults: ["idempotency_key_reused", "rate_limited", "quota_exceeded", "unavailable"],
  examples: [
    {
      summary: "An email and an SMS with inline content",
      body: {
        to: [
          { channel: "email", destination: "ada@example.com" },
          { channel: "sms", destination: "+447700900123" },
        ],
        content: {
          email: { subject: "Order {{ order_id }} has shipped", html: "<p>Good news, {{ name }}!</p>" },
          sms: { text: "Order {{ order_id }} has shipped." },
        },
        variables: { name: "Ada", order_id: "12345" },
      },
    },
    {
      summary: "A template, scheduled",
      body: {
        template_id: "order_shipped",
        to: [{ channel: "email", destination: "ada@example.com" }],
        variables: { name: "Ada", order_id: "12345" },
        schedule_at: "2030-01-01T09:00:00Z",
        priority: "high",
        ttl_seconds: 3600,
        tags: ["orders"],
        metadata: { customer_id: "c-123" },
      },
    },
    {
      summary: "A push, and an SMS where nobody has opened it after ten minutes",
      body: {
        to: [
          { channel: "push", destination: "a-device-token" },
          { channel: "sms", destination: "+447700900123" },
        ],
        content: { push: { title: "Your table is ready", body: "Come in!" }, sms: { text: "Your table is ready." } },
        routing: { mode: "escalate", until: "opened", after: "10m" },
      },
    },
    {
      summary: "In order, and not twice within ten minutes",
      body: {
        to: [{ channel: "sms", destination: "+447700900123" }],
        content: { sms: { text: "Your order {{ order_id }} is {{ state }}." } },
        variables: { order_id: "12345", state: "out for delivery" },
        ordering_key: "order-12345",
        dedupe_window_seconds: 600,
      },
    },
  ],
  handle: async ({ deps, caller, body, rawBody, request, requestId }) => {
    const idempotencyHeader = request.headers.get("idempotency-key");
    const outcome = await send(deps, caller, { body, rawBody, idempotencyHeader, requestId });
    const { message_ids } = outcome.body;
    return {
      status: 202,
      body: outcome.body,
      headers: outcome.headers,
      log: { message_id: message_ids[0] ?? "", messages: message_ids.length },
    };
  },
});
