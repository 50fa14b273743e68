import { MAX_SEND_BYTES } from "../../../../src/shared/contract/send.ts";
import { simulateBody, simulatedShape } from "../../../../src/shared/contract/simulate.ts";
import { simulate } from "../../../../src/shared/verbs/simulate.ts";
import { route } from "../../route.ts";
import { simulatedView } from "./view.ts";

export const simulateRoute = route({
  method: "POST",
  path: "/v1/simulate",
  operationId: "simulate",
  tag: "send",
  summary: "See what a send would do, without sending",
  description:
    "Takes what `POST /v1/send` takes, for up to 100 recipients, and refuses what that refuses. Answers for every message: what " +
    "each gate says and by what, which connection would carry it and why, every other connection and why not, the rendered " +
    "content, SMS parts and the expected cost. The code that sends runs, up to the call of a provider; nothing is written, and " +
    "no limit, quota or provider is asked. `at` moves the clock; connections are taken as healthy or sick as they are now. " +
    "Where a rule draws lots (`weighted`, `smart`), another message of the same kind may be drawn otherwise. A test key sees " +
    "what a test message would meet: the sandbox.",
  auth: "messages:send",
  body: simulateBody,
  maxBodyBytes: MAX_SEND_BYTES,
  responses: { 200: { description: "What would become of each message.", body: simulatedShape } },
  examples: [
    {
      summary: "Which connection carries this SMS, and at what price?",
      body: {
        to: [{ channel: "sms", destination: "+447700900123" }],
        content: { sms: { text: "Your code is {{ code }}." } },
        variables: { code: "123456" },
        category: "otp",
        priority: "critical",
      },
    },
    {
      summary: "On a Sunday night, and an SMS where the mail is not opened",
      body: {
        to: [
          { channel: "email", destination: "ada@example.com" },
          { channel: "sms", destination: "+447700900123" },
        ],
        content: { email: { subject: "Your order", text: "It has come." }, sms: { text: "Your order has come." } },
        routing: { mode: "escalate", until: "opened", after: "10m" },
        at: "2030-01-06T23:30:00Z",
      },
    },
  ],
  handle: async ({ deps, caller, body, request, requestId }) => {
    const idempotencyHeader = request.headers.get("idempotency-key");
    const simulation = await simulate(deps, caller, { body, idempotencyHeader, requestId });
    return {
      status: 200,
      body: simulatedView(simulation, caller.project.smsMaxSegments),
      log: { messages: simulation.messages.length },
    };
  },
});
