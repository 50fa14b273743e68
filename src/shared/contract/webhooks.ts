/** Endpoints that events are posted to, and what was posted there. */
import { z } from "zod";
import { CUSTOMER_EVENTS, EVENT_PATTERNS } from "../core/customer-event.ts";
import { pageQuery, timestamp } from "./common.ts";
import { signingKeyShape } from "./webhook-keys.ts";

export const webhookId = z.object({ id: z.string().max(64) });

const url = z
  .string()
  .min(1)
  .max(2000)
  .describe("https, and public: no private address, no user name, no fragment. A query may be.");

const events = z
  .array(z.enum([...EVENT_PATTERNS, ...CUSTOMER_EVENTS]))
  .min(1)
  .max(50)
  .describe("Types of events, or patterns such as `message.*`; `*` is all of them, also those to come.");

const description = z.string().max(200);

export const createWebhook = z.strictObject({
  url,
  events: events.default(["*"]),
  description: description.default(""),
  enabled: z.boolean().default(true),
});

export const updateWebhook = z
  .strictObject({
    url: url.exactOptional(),
    events: events.exactOptional(),
    description: description.exactOptional(),
    enabled: z
      .boolean()
      .exactOptional()
      .describe("True also for one that Carillon disabled: what happened meanwhile was kept, and `recover` posts it."),
  })
  .describe("What is left out stays as it is.");

export const webhookShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    description: z.string(),
    enabled: z.boolean(),
    failing_since: timestamp.nullable().describe("Since when nothing but failure came back; null where the last post was taken."),
    disabled_at: timestamp.nullable().describe("When Carillon disabled it; null where it did not."),
    disabled_reason: z
      .enum(["gone", "failing"])
      .nullable()
      .describe("`gone`: it answered 410. `failing`: nothing but failure for five days."),
    keys: z.array(signingKeyShape).describe("What signs at this moment, the newest first."),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: "Webhook" });

const secret = z.string().describe("`whsec_…`: verifies `v1` signatures. Shown once, and never again.");

export const newWebhookShape = webhookShape.extend({ secret }).meta({ id: "NewWebhook" });

export const newSecretShape = z
  .object({ secret, keys: z.array(signingKeyShape).describe("What signs from now on, the newest first.") })
  .meta({ id: "NewSecret" });

export const CALLBACK_STATES = ["pending", "delivered", "failed"] as const;

export const listDeliveries = z.strictObject({ ...pageQuery, state: z.enum(CALLBACK_STATES).optional() });

const attemptShape = z.object({
  at: timestamp,
  duration_ms: z.int(),
  status: z.int().nullable().describe("Null where no answer came."),
  error: z.string().nullable(),
  response: z.string().nullable().describe("The start of the answer's body, at most 500 characters."),
});

export const callbackShape = z
  .object({
    id: z.string().describe("As in the header `webhook-id`, the same for every try."),
    type: z.string(),
    message_id: z.string().nullable(),
    url: z.string().nullable().describe("Only of a message's own `callback_url`."),
    state: z.enum(CALLBACK_STATES),
    reason: z
      .enum(["attempts_used_up", "gone", "endpoint_disabled", "endpoint_deleted", "address_refused", "no_secret"])
      .nullable()
      .describe("Why it was given up; null where it was not."),
    attempts: z.array(attemptShape).describe("The newest last; the last twenty."),
    next_attempt_at: timestamp.nullable(),
    updated_at: timestamp,
  })
  .meta({ id: "Callback" });

export const redeliver = z.strictObject({ delivery_id: z.string().max(64).describe("`evt_…`, delivered or given up.") });

export const recover = z.strictObject({
  since: z.iso.datetime({ offset: true }).describe("At most thirty days ago: callbacks are kept for as long."),
  until: z.iso.datetime({ offset: true }).optional().describe("Now unless set."),
});

export const recoveredShape = z
  .object({
    recovered: z.int().describe("Callbacks that are on their way again."),
    complete: z.boolean().describe("False where there are more: call again."),
  })
  .meta({ id: "Recovered" });

export const testWebhook = z
  .strictObject({
    webhook_id: z.string().max(64).exactOptional().describe("An endpoint, enabled or not."),
    url: url.exactOptional().describe("Any address, signed as a `callback_url` is."),
  })
  .superRefine((test, ctx) => {
    if ((test.webhook_id === undefined) === (test.url === undefined)) {
      ctx.addIssue({ code: "custom", path: ["webhook_id"], message: "Give exactly one of webhook_id and url." });
    }
  });

export const testedShape = z
  .object({
    id: z.string(),
    url: z.string(),
    delivered: z.boolean().describe("It answered 2xx."),
    body: z.string().describe("As it was posted, and signed."),
    attempt: attemptShape,
  })
  .meta({ id: "TestedWebhook" });
