/**
 * Twilio Programmable Messaging.
 * https://www.twilio.com/docs/messaging/api/message-resource · errors: https://www.twilio.com/docs/api/errors
 */
import { z } from "zod";
import { named } from "../../core/compose-templates.ts";
import type { Envelope } from "../../core/message.ts";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, type EncodeContext, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { tooLong, unsupported } from "../supports.ts";
import { refuseSender, senderFor, sendersByCountry, smsSender } from "./parts.ts";
import { accountState, failure, refusal } from "./twilio-answers.ts";
import { twilioCallbacks } from "./twilio-callbacks.ts";

const sid = (prefix: string, title: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `It is ${prefix} and 32 hexadecimal digits.`)
    .meta({ title });

const credentials = z
  .strictObject({
    account_sid: sid("AC", "Account SID"),
    auth_token: secretKey("Auth token").optional(),
    api_key_sid: sid("SK", "API key SID").optional(),
    api_key_secret: secretKey("API key secret").optional(),
  })
  .superRefine((c, context) => {
    const say = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (c.api_key_sid === undefined && c.api_key_secret === undefined) {
      if (c.auth_token === undefined) say("auth_token", "Give an auth token, or an API key's SID and secret.");
    } else if (c.api_key_sid === undefined) say("api_key_sid", "The secret needs its SID.");
    else if (c.api_key_secret === undefined) say("api_key_secret", "The API key needs its secret.");
  });

const settings = z
  .strictObject({
    from: smsSender.optional(),
    senders: sendersByCountry(smsSender).optional(),
    messaging_service_sid: sid("MG", "Messaging Service SID").optional(),
    endpoint: endpoint.optional(),
  })
  .refine((s) => s.from !== undefined || s.messaging_service_sid !== undefined, {
    path: ["from"],
    message: "Give a sender or a Messaging Service.",
  });

type TwilioAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const twilio = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "twilio",
  name: "Twilio",
  channels: ["sms", "whatsapp"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  // A Messaging Service has senders of its own to choose from.
  refuse: (to, { settings }) => (settings.messaging_service_sid === undefined ? refuseSender(settings, to) : null),
  supports: (envelope) => refusedContent(envelope),
  async encode(envelope, account, context) {
    return new Request(url(account, "/Messages.json"), {
      method: "POST",
      headers: { authorization: basic(account.credentials), "content-type": "application/x-www-form-urlencoded" },
      body: form(envelope, account, context).toString(),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const body = parseObject(answer.body);
    const id = text(body, "sid");
    if (id === null) return { outcome: "unknown", code: "no_sid", reason: "Twilio answered without a message SID." };
    // Created, and at once refused: the resource exists, the message does not go.
    const failed = body.status === "failed" || body.status === "undelivered";
    return failed
      ? failure(Number(body.error_code), text(body, "error_message") ?? "")
      : { outcome: "sent", providerMessageId: id };
  },
  callbacks: twilioCallbacks,
  probe: {
    async encode(account) {
      // A standard API key may not read the account itself (https://www.twilio.com/docs/iam/api-keys).
      const path = account.credentials.api_key_sid === undefined ? ".json" : "/Messages.json?PageSize=1";
      return new Request(url(account, path), { headers: { authorization: basic(account.credentials) } });
    },
    decode: accountState,
  },
});

function url({ credentials, settings }: TwilioAccount, path: string): string {
  return under(settings.endpoint ?? "https://api.twilio.com", `/2010-04-01/Accounts/${credentials.account_sid}${path}`);
}

function basic(c: TwilioAccount["credentials"]): string {
  return `Basic ${btoa(c.api_key_sid === undefined ? `${c.account_sid}:${c.auth_token}` : `${c.api_key_sid}:${c.api_key_secret}`)}`;
}

const MAX_VALIDITY_SECONDS = 36_000;
const MAX_BODY_CHARS = 1600;

function form(envelope: Envelope, { settings }: TwilioAccount, context: EncodeContext): URLSearchParams {
  if (envelope.channel !== "sms" && envelope.channel !== "whatsapp") throw new Error(`Twilio does not carry ${envelope.channel}`);
  const address = (number: string) => (envelope.channel === "whatsapp" ? `whatsapp:${number}` : number);
  const fields = new URLSearchParams({ To: address(envelope.to), ...contentOf(envelope) });
  if (settings.messaging_service_sid !== undefined) fields.set("MessagingServiceSid", settings.messaging_service_sid);
  const sender = envelope.channel === "whatsapp" ? settings.from : smsSenderOf(settings, envelope.to);
  if (sender !== undefined) fields.set("From", address(sender));
  // The slot that comes back: a URL of the attempt's own names it even where the SID never reached us.
  if (context.callbackUrl !== null) fields.set("StatusCallback", context.callbackUrl);
  if (envelope.validitySeconds !== undefined) {
    const seconds = Math.min(MAX_VALIDITY_SECONDS, Math.max(1, Math.floor(envelope.validitySeconds)));
    fields.set("ValidityPeriod", String(seconds));
  }
  return fields;
}

/** A sender that the country does not take gives way to those of the Messaging Service: without one, `refuse` was there before. */
function smsSenderOf(settings: TwilioAccount["settings"], to: string): string | undefined {
  const gives = settings.messaging_service_sid !== undefined && refuseSender(settings, to) !== null;
  return gives ? undefined : senderFor(settings, to);
}

type TwilioEnvelope = Extract<Envelope, { channel: "sms" | "whatsapp" }>;

/** A text, a text with one file (WhatsApp takes no more in a message), or a template that Twilio keeps. */
function contentOf(envelope: TwilioEnvelope): Record<string, string> {
  const kept = keptTemplate(envelope);
  if (kept !== null) {
    const isFilled = Object.keys(kept.variables).length > 0;
    return { ContentSid: kept.sid, ...(isFilled && { ContentVariables: JSON.stringify(kept.variables) }) };
  }
  const [file] = envelope.channel === "whatsapp" ? (envelope.attachments ?? []) : [];
  return { Body: envelope.text ?? "", ...(file && { MediaUrl: file.url }) };
}

function keptTemplate(envelope: TwilioEnvelope): { sid: string; variables: Readonly<Record<string, string>> } | null {
  if (envelope.channel === "sms") return envelope.content ?? null;
  const { template } = envelope;
  return template?.content_sid === undefined ? null : { sid: template.content_sid, variables: named(template.variables ?? {}) };
}

/** Twilio counts the variables of a template's header and buttons with those of its text: there is nowhere else to put them. */
function refusedContent(envelope: Envelope) {
  if (envelope.channel === "sms" && envelope.content === undefined)
    return tooLong("The text", envelope.text.length, MAX_BODY_CHARS);
  if (envelope.channel !== "whatsapp") return null;
  const { template, attachments = [] } = envelope;
  if (template !== undefined) {
    if (template.content_sid === undefined) return unsupported("The template has no content_sid, by which Twilio knows it.");
    if (attachments.length > 0) return unsupported("A template of Twilio takes no files.");
    const isPlain = template.header === undefined && template.buttons === undefined;
    return isPlain ? null : unsupported("Twilio takes a template's header and buttons as variables.");
  }
  if (attachments.length > 1) return unsupported("Twilio takes one file in a WhatsApp message.");
  const isLinked = attachments.every(({ url }) => URL.canParse(url));
  return isLinked ? null : unsupported("Twilio fetches files by a link, and this deployment has no PUBLIC_URL.");
}
