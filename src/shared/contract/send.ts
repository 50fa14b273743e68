/** The bodies of `POST /v1/send` and `POST /v1/batch`, and their answers. */
import { z } from "zod";
import { CHANNELS, PRIORITIES } from "../core/channels.ts";
import { normaliseDestination } from "../core/destination.ts";
import { jsonObject } from "./common.ts";
import { contentShape } from "./content.ts";
import { routingShape } from "./routing.ts";

export const MAX_SEND_BYTES = 1_048_576;
export const MAX_RECIPIENTS = 1000;
const MAX_TTL_SECONDS = 30 * 86_400;
const MAX_DEDUPE_SECONDS = 7 * 86_400;

/** `order_shipped`, `order_shipped:v3`, `tpl_…`, `tpl_…:v3`. */
export const templateRef = z
  .string()
  .max(140)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(:v[1-9][0-9]{0,5})?$/, "Must be a template's name or id, with :v3 for a version.");

export const recipientShape = z
  .strictObject({
    channel: z.enum(CHANNELS),
    destination: z
      .string()
      .min(1)
      .max(4096)
      .describe(
        "An email address, a phone number in E.164, and so on. Push: `fid:…`, `token:…` (FCM), `apns:…`, `ExponentPushToken[…]`, or a Web Push subscription as JSON text. Chat: a channel's id or #name at Slack, a chat's id or @name at Telegram, or the `destination` that a webhook's connection was given.",
      ),
    variables: jsonObject.exactOptional().describe("For this recipient; wins over the send's own."),
  })
  .transform((to, ctx) => {
    const normalised = normaliseDestination(to.channel, to.destination);
    if (normalised.ok) return { ...to, destination: normalised.destination };
    ctx.addIssue({ code: "custom", path: ["destination"], message: normalised.reason });
    return z.NEVER;
  })
  .meta({ id: "Recipient" });

const common = {
  project_id: z.string().max(64).optional().describe("May be left out: a key belongs to one project."),
  template_id: templateRef.optional().describe("A published template: `order_shipped`, or `order_shipped:v3` for a version."),
  content: contentShape.optional().describe("Inline content, in place of `template_id`."),
  variables: jsonObject.optional(),
  locale: z
    .string()
    .regex(/^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$/, "Must be a language tag such as en-GB.")
    .optional()
    .describe("In reach of the template as `locale`."),
  category: z.string().min(1).max(64).optional().describe("Kept with the message, for filters and preferences to come."),
  priority: z.enum(PRIORITIES).default("normal").describe("critical and high go by the express lane, low by the bulk lane."),
  schedule_at: z.iso.datetime({ offset: true }).optional().describe("To the second, any time ahead. A time past means now."),
  ttl_seconds: z.int().min(1).max(MAX_TTL_SECONDS).optional().describe("Never sent later than this after it is due."),
  delivery: z
    .enum(["at_least_once", "at_most_once"])
    .optional()
    .describe("What to do where it is not known whether the provider has the message: send again (default), or give up."),
  sensitive: z.boolean().optional().describe("Keeps variables and content out of views and catchers."),
  attachments: z.array(z.string().max(64)).max(10).optional().describe("Ids from `POST /v1/attachments`; email and WhatsApp."),
  callback_url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe("Events of these messages are posted here, signed with the project's `callback_secret`, as to a webhook. Public."),
  deduplication_key: z.string().min(1).max(255).optional().describe("The same as the Idempotency-Key header."),
  ordering_key: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe(
      "Messages of one ordering_key to one recipient leave in the order accepted, whatever their priorities; another key, or " +
        "another recipient, does not wait. Not together with schedule_at. A line that was still for a week starts anew. With an " +
        "Idempotency-Key, repeat both: the ordering_key belongs to what makes a repeat known.",
    ),
  ordering: z
    .enum(["wait", "skip"])
    .optional()
    .describe(
      "What to do while the message before it in its line cannot go out: `wait` (default) until that one is sent or given up, " +
        "or `skip` past it once one try of it has failed.",
    ),
  dedupe_window_seconds: z
    .int()
    .min(1)
    .max(MAX_DEDUPE_SECONDS)
    .optional()
    .describe(
      "The same content (template and version, or inline content; variables, locale, attachments) to the same recipient goes out " +
        "once within this time from the first one's due time. Later ones become `suppressed`, with code `duplicate` and the id of " +
        "the first, unless that one failed, expired or was cancelled. Only messages that carry the option are compared.",
    ),
  tracking: z
    .strictObject({ opens: z.boolean().optional(), clicks: z.boolean().optional() })
    .optional()
    .describe("Email: whether a pixel and rewritten links tell of opens and clicks. What is left out is as the project says."),
  unsubscribe: z
    .boolean()
    .optional()
    .describe(
      "Email: whether it offers to unsubscribe by one click (RFC 8058): `List-Unsubscribe` headers, and the link itself as " +
        "`{{ unsubscribe_url }}`. As the project says where left out: mails of the category `marketing` do, unless it is set otherwise. " +
        "Who unsubscribes gets no more mail of this tenant but `critical` ones.",
    ),
  tags: z.array(z.string().min(1).max(64)).max(10).optional(),
  metadata: jsonObject.optional().describe("Yours: kept with the message, and in every callback."),
};

type Words = { template_id?: string | undefined; content?: object | undefined };

/** Exactly one of `template_id` and `content`. */
function oneSource(send: Words, ctx: z.RefinementCtx): void {
  if ((send.template_id === undefined) === (send.content === undefined)) {
    ctx.addIssue({ code: "custom", path: ["template_id"], message: "Give exactly one of template_id and content." });
  }
}

type Timing = { schedule_at?: string | undefined; ordering_key?: string | undefined; ordering?: string | undefined };

/** A line is the order of acceptance, so nothing in it can be put off. */
function orderedNow(send: Timing, ctx: z.RefinementCtx): void {
  if (send.ordering_key !== undefined && send.schedule_at !== undefined) {
    ctx.addIssue({ code: "custom", path: ["schedule_at"], message: "A message with an ordering_key cannot be scheduled." });
  }
  if (send.ordering !== undefined && send.ordering_key === undefined) {
    ctx.addIssue({ code: "custom", path: ["ordering"], message: "Needs an ordering_key." });
  }
}

function contentForEach(to: readonly { channel: string }[], at: string, send: Words, ctx: z.RefinementCtx): void {
  const content = send.content;
  if (content === undefined) return;
  to.forEach(({ channel }, i) => {
    if (!(channel in content)) {
      ctx.addIssue({ code: "custom", path: [at, i, "channel"], message: `content has no part for ${channel}.` });
    }
  });
}

/** Addresses of one recipient that a plan goes through. */
const MAX_ADDRESSES = 10;

type Planned = { to: readonly { variables?: unknown }[]; routing?: { mode: string } | undefined };

/** With `first` and `escalate`, `to` is one recipient. */
function onePerson({ to, routing }: Planned, ctx: z.RefinementCtx): void {
  if (routing === undefined || routing.mode === "all") return;
  if (to.length > MAX_ADDRESSES) {
    ctx.addIssue({ code: "custom", path: ["to"], message: `One recipient has at most ${MAX_ADDRESSES} addresses.` });
  }
  to.forEach(({ variables }, i) => {
    if (variables === undefined) return;
    ctx.addIssue({ code: "custom", path: ["to", i, "variables"], message: "Give the variables of one recipient on the send." });
  });
}

export const sendBody = z
  .strictObject({
    to: z.array(recipientShape).min(1).max(MAX_RECIPIENTS),
    routing: routingShape.optional().describe("How several addresses of one recipient are gone through."),
    ...common,
  })
  .superRefine((send, ctx) => {
    oneSource(send, ctx);
    orderedNow(send, ctx);
    onePerson(send, ctx);
    contentForEach(send.to, "to", send, ctx);
  })
  .meta({ id: "Send" });
export type SendBody = z.output<typeof sendBody>;

/** One send to many recipients: each becomes a message of its own, and answers for itself. */
export const recipientsBatch = z
  .strictObject({ recipients: z.array(z.unknown()).min(1).max(MAX_RECIPIENTS), ...common })
  .superRefine((send, ctx) => {
    oneSource(send, ctx);
    orderedNow(send, ctx);
  });
export type RecipientsBatch = z.output<typeof recipientsBatch>;

/** Up to 1,000 sends; each is checked by itself, so that a bad one does not sink the rest. */
export const sendsBatch = z.strictObject({
  sends: z.array(z.unknown()).min(1).max(1000),
  deduplication_key: common.deduplication_key,
});

export const batchBody = z
  .union([
    z
      .strictObject({ recipients: z.array(recipientShape).min(1).max(MAX_RECIPIENTS), ...common })
      .meta({ id: "BatchOfRecipients" }),
    z
      .strictObject({ sends: z.array(sendBody).min(1).max(1000), deduplication_key: common.deduplication_key })
      .meta({ id: "BatchOfSends" }),
  ])
  .meta({ id: "Batch" });

const accepted = {
  request_id: z.string(),
  message_ids: z.array(z.string()).describe("In the order of `to`. Each can be read at once."),
};

export const sendAnswer = z
  .object({
    ...accepted,
    status: z.enum(["queued", "scheduled"]),
    messages: z.array(z.object({ id: z.string(), channel: z.enum(CHANNELS), destination: z.string() })),
  })
  .meta({ id: "Accepted" });

export const batchAnswer = z
  .object({
    request_id: z.string(),
    accepted: z.int().describe("Messages accepted."),
    rejected: z.int().describe("Items rejected."),
    data: z.array(
      z.object({
        index: z.int(),
        status: z.enum(["accepted", "rejected"]),
        message_ids: z.array(z.string()).optional(),
        replayed: z.boolean().optional().describe("The item's deduplication_key was known: these are the earlier messages."),
        error: z
          .object({
            code: z.string(),
            detail: z.string(),
            errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
          })
          .optional(),
      }),
    ),
  })
  .meta({ id: "BatchAccepted" });
