/** Messages as callers read them. */
import { z } from "zod";
import { CHANNELS, PRIORITIES } from "../core/channels.ts";
import { CHOSEN_BY } from "../core/routing-words.ts";
import { EVENT_TYPES, STATUSES } from "../core/status.ts";
import { jsonObject, pageQuery, timestamp } from "./common.ts";
import { contentShape } from "./content.ts";
import { templateRef } from "./send.ts";

export const messageId = z.object({ id: z.string().max(64) });

const instant = z.iso.datetime({ offset: true });

export const createdRange = {
  created_after: instant.optional().describe("RFC 3339, inclusive."),
  created_before: instant.optional().describe("RFC 3339, exclusive."),
};

export const listMessages = z.strictObject({
  ...pageQuery,
  mode: z.enum(["live", "test"]).optional(),
  status: z.enum(STATUSES).optional(),
  channel: z.enum(CHANNELS).optional(),
  priority: z.enum(PRIORITIES).optional(),
  recipient: z.string().min(1).max(4096).optional().describe("A destination, in any spelling that a send takes."),
  template: templateRef.optional().describe("A template's name, or `order_shipped:v3` for one version."),
  tag: z.string().min(1).max(64).optional(),
  ...createdRange,
});

export const rescheduleMessage = z.strictObject({
  schedule_at: instant.describe("To the second, any time ahead. A `ttl_seconds` counts from the new time."),
});

const summary = {
  id: z.string(),
  project_id: z.string(),
  mode: z.enum(["live", "test"]),
  status: z.enum(STATUSES),
  channel: z.enum(CHANNELS),
  recipient: z.string(),
  template: z.string().nullable().describe("`order_shipped:v3`; null where the content came inline."),
  priority: z.enum(PRIORITIES),
  category: z.string().nullable(),
  tags: z.array(z.string()),
  locale: z.string().nullable(),
  metadata: jsonObject,
  request_id: z.string().describe("Of the request that asked for it."),
  created_at: timestamp,
  due_at: timestamp.describe("When it was, or will be, handed on for sending."),
  expires_at: timestamp.nullable(),
  updated_at: timestamp,
};

const attemptRoute = z.object({
  policy_id: z.string(),
  rule: z.int().describe("Its place in the policy's `rules`, from 0."),
  strategy: z
    .enum(CHOSEN_BY)
    .describe(
      "What put the connection in its place: a strategy, the rule's list (`connections`), its `canary`, or `rest` where the rule " +
        "does not name it and it comes after those that it names.",
    ),
  score: z
    .number()
    .nullable()
    .describe(
      "By which it stood there: expected cost in millionths of a US dollar, share of tries that go well, ms, weight, priority.",
    ),
  why: z.string(),
  cost_micros: z
    .int()
    .nullable()
    .describe("What it was thought to cost, millionths of a US dollar; null where no price is known."),
});

export const attemptShape = z.object({
  id: z.string(),
  n: z.int(),
  connection_id: z.string(),
  provider: z.string(),
  at: timestamp,
  duration_ms: z.number(),
  outcome: z.enum(["sent", "permanent", "transient", "throttled", "misconfigured", "recipient_invalid", "unknown"]),
  code: z.string().nullable().describe("The provider's own."),
  reason: z.string().nullable(),
  provider_message_id: z.string().nullable(),
  failed_over: z.boolean().describe("The next connection was tried at once."),
  parts: z.int().nullable().describe("Segments of an SMS, by which providers charge; null on other channels."),
  route: attemptRoute.nullable().describe("Why it went over this connection; null where no routing policy decided."),
});

const deliveryShape = z.object({
  n: z.int(),
  channel: z.enum(CHANNELS),
  destination: z.string(),
  phase: z
    .enum(["held", "waiting", "sent", "failed", "unknown", "skipped"])
    .describe(
      "`held`: its turn has not come; `skipped`: it was not needed. `unknown`: in doubt. Whoever was sending it died, or the provider gave no answer, so it may or may not have gone out. It is settled by the provider's own event, by its idempotency key, or after a minute by the message's `delivery` option.",
    ),
  waiting_for: z
    .string()
    .nullable()
    .describe(
      "Why it waits by plan, which is no try: `connections_open` where every connection's breaker is open or paused, `capped` where a routing policy's caps are used up.",
    ),
  after: z
    .string()
    .nullable()
    .describe("The message before it on its `ordering_key`, which goes first; null where there is none."),
  likelihood: z
    .number()
    .nullable()
    .describe("With routing mode `smart`: how likely an answer was held to be, which gave it its place in the order."),
  due_at: timestamp.describe("When it is, or was, tried next."),
  attempts: z.array(attemptShape),
});

const eventShape = z.object({
  type: z.enum(EVENT_TYPES),
  at: timestamp,
  delivery: z.int().nullable(),
  attempt_id: z.string().nullable(),
  connection_id: z.string().nullable(),
  provider: z.string().nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
});

export const messageSummary = z.object(summary).meta({ id: "MessageSummary" });

export const messageShape = z
  .object({
    ...summary,
    template_id: z.string().nullable(),
    template_version: z.int().nullable(),
    content: contentShape.nullable().describe("Inline content as it was asked for; null for templates and sensitive messages."),
    variables: jsonObject.nullable().describe("As they were given; null for sensitive messages."),
    attachments: z.array(z.string()),
    ordering_key: z.string().nullable(),
    sensitive: z.boolean(),
    deliveries: z.array(deliveryShape),
    events: z.array(eventShape).describe("In the order in which we learnt of them; never changed, only added to."),
  })
  .meta({ id: "Message" });
