/**
 * Slack, by a bot that posts wherever it was invited (`slack`), or by a webhook that posts to one place (`slack_webhook`).
 * https://docs.slack.dev/messaging/formatting-message-text
 */
import { z } from "zod";
import type { Envelope } from "../../core/message.ts";
import { excerpt, parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { tooLong } from "../supports.ts";
import { chatOf, linkOf, notCarried, refuseElsewhere, webhookAt, webhookDestination, webhookUrl } from "./parts.ts";
import { posted, refusal, taken } from "./slack-answers.ts";

const botCredentials = z.strictObject({
  bot_token: z
    .string()
    .max(300)
    .regex(/^xoxb-[\w-]+$/, "A bot's token begins with xoxb-.")
    .meta({ title: "Bot token", description: "Of an app with the scope chat:write.", format: "password" }),
});
const botSettings = z.strictObject({ endpoint: endpoint.optional() });

type BotAccount = Account<z.output<typeof botCredentials>, z.output<typeof botSettings>>;

/** Destination: a channel's or a person's id (`C…`, `G…`, `D…`, `U…`), or `#name`. */
export const slack = httpProvider<z.output<typeof botCredentials>, z.output<typeof botSettings>>({
  id: "slack",
  name: "Slack (bot)",
  channels: ["chat"],
  credentials: botCredentials,
  settings: botSettings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (destination) =>
    /^([CDGUW][A-Z0-9]{5,20}|#[\p{L}\p{N}_-]{1,80})$/u.test(destination)
      ? null
      : notCarried("It is neither the id of a channel or a person at Slack, nor a #name."),
  supports: refusedLength,
  encode: async (envelope, account) =>
    call(account, "/api/chat.postMessage", {
      channel: envelope.to,
      ...message(envelope),
      parse: "none",
      link_names: false,
      // Kept with the message, for who looks it up later.
      metadata: {
        event_type: "carillon_message",
        event_payload: { attempt_id: envelope.attemptId, message_id: envelope.messageId },
      },
    }),
  decode: posted,
  probe: {
    encode: async (account) => call(account, "/api/auth.test", {}),
    decode(answer) {
      const body = parseObject(answer.body);
      const team = text(body, "team");
      if (answer.status === 200 && body.ok === true && team !== null) {
        return { ok: true, detail: excerpt(`Posts as ${text(body, "user") ?? "a bot"} in ${team}.`, team) };
      }
      const { code, reason } = refusal(answer, text(body, "error"));
      return { ok: false, code, detail: reason };
    },
  },
});

function call({ credentials, settings }: BotAccount, path: string, body: object): Request {
  return new Request(under(settings.endpoint ?? "https://slack.com", path), {
    method: "POST",
    headers: { authorization: `Bearer ${credentials.bot_token}`, "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  });
}

const webhookCredentials = z.strictObject({
  webhook_url: webhookUrl(
    /^https:\/\/hooks\.slack(-gov)?\.com\/(services|workflows|triggers)\/[\w/-]{1,300}$/,
    "https://hooks.slack.com/services/…",
  ),
});
const webhookSettings = z.strictObject({ destination: webhookDestination, endpoint: endpoint.optional() });

type WebhookAccount = Account<z.output<typeof webhookCredentials>, z.output<typeof webhookSettings>>;

export const slackWebhook = httpProvider<z.output<typeof webhookCredentials>, z.output<typeof webhookSettings>>({
  id: "slack_webhook",
  name: "Slack (incoming webhook)",
  channels: ["chat"],
  credentials: webhookCredentials,
  settings: webhookSettings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (destination, { settings }) => refuseElsewhere(destination, settings),
  supports: refusedLength,
  encode: async (envelope, account) => post(account, message(envelope)),
  decode: taken,
  probe: {
    // A message without a text: a webhook that is there says that it has none, and posts nothing.
    encode: async (account) => post(account, {}),
    decode(answer) {
      if (
        answer.status === 400 &&
        /^(no_text|invalid_payload|missing_text_or_fallback_or_attachments)$/.test(answer.body.trim())
      ) {
        return { ok: true, detail: "The webhook is there." };
      }
      const receipt = taken(answer);
      if (receipt.outcome === "sent") return { ok: false, code: "unexpected_answer", detail: "It does not answer like Slack." };
      return { ok: false, code: receipt.code, detail: receipt.reason };
    },
  },
});

function post({ credentials, settings }: WebhookAccount, body: object): Request {
  return new Request(webhookAt(credentials.webhook_url, settings.endpoint), {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  });
}

function message(envelope: Envelope) {
  return { text: mrkdwn(envelope), unfurl_links: false, unfurl_media: false };
}

/** Slack's own markup works in it, but for what stands in angle brackets: links with other words, and calls such as `<!channel>`. */
function mrkdwn(envelope: Envelope): string {
  const { title, text: body, url } = chatOf(envelope, "Slack");
  const link = linkOf(url);
  return [
    ...(title === undefined ? [] : [`*${escaped(title)}*`]),
    escaped(body),
    ...(link === null ? [] : [`<${escaped(link)}>`]),
  ].join("\n");
}

function escaped(given: string): string {
  return given.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Beyond it Slack cuts the text off. */
const MAX_TEXT = 40_000;

function refusedLength(envelope: Envelope) {
  return tooLong("The text", mrkdwn(envelope).length, MAX_TEXT);
}
