/**
 * AWS SES v2, SendEmail with simple content.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
 */
import { z } from "zod";
import type { Envelope } from "../../core/message.ts";
import { parseObject, text } from "../answers.ts";
import { awsCredentials, awsRegion } from "../aws.ts";
import { endpoint } from "../endpoint.ts";
import { httpProvider } from "../provider.ts";
import { storedBy, tooLong } from "../supports.ts";
import { headerLines, headerValue, mailbox, oneLine } from "./lines.ts";
import { type EmailEnvelope, emailOf, sender, tagPairs } from "./parts.ts";
import { accountState, refusal } from "./ses-answers.ts";
import { sesBulk } from "./ses-bulk.ts";
import { type SesAccount, signed } from "./ses-call.ts";
import { sesCallbacks } from "./ses-callbacks.ts";

const settings = z.strictObject({
  region: awsRegion,
  from: sender("Must be verified in SES."),
  configuration_set: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .meta({ title: "Configuration set", description: "Its event destination reports what became of a message." }),
  endpoint: endpoint.optional(),
});

export const ses = httpProvider<z.output<typeof awsCredentials>, z.output<typeof settings>>({
  id: "ses",
  name: "Amazon SES",
  channels: ["email"],
  credentials: awsCredentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  supports: (envelope) => storedBy(envelope, "ses") ?? refusedData(envelope),
  encode(envelope, account, { now }) {
    const body = new TextEncoder().encode(JSON.stringify(sendEmail(emailOf(envelope, "SES"), account)));
    return signed(account, { method: "POST", path: "/v2/email/outbound-emails", body, now });
  },
  decode(answer) {
    if (answer.status >= 200 && answer.status < 300) {
      const id = text(parseObject(answer.body), "MessageId");
      if (id !== null) return { outcome: "sent", providerMessageId: id };
      return { outcome: "unknown", code: "no_message_id", reason: "SES answered without a MessageId." };
    }
    return refusal(answer);
  },
  bulk: sesBulk,
  callbacks: sesCallbacks,
  probe: {
    encode: (account, { now }) => signed(account, { method: "GET", path: "/v2/email/account", now }),
    decode: accountState,
  },
});

/** The body of SendEmail. */
function sendEmail(envelope: EmailEnvelope, { settings }: SesAccount) {
  return {
    FromEmailAddress: mailbox(envelope.from ?? settings.from),
    Destination: {
      ToAddresses: [mailbox(envelope.to)],
      CcAddresses: envelope.cc?.map(mailbox),
      BccAddresses: envelope.bcc?.map(mailbox),
    },
    ReplyToAddresses: envelope.reply_to === undefined ? undefined : [mailbox(envelope.reply_to)],
    Content: content(envelope),
    EmailTags: tagPairs(envelope).map(([Name, Value]) => ({ Name, Value })),
    ConfigurationSetName: settings.configuration_set,
  };
}

/** A stored template takes headers and files as a simple mail does. */
function content(envelope: EmailEnvelope) {
  const { html, text, attachments, provider_template: stored } = envelope;
  const headers = headerLines(envelope.headers).map(([Name, Value]) => ({ Name, Value }));
  const rest = {
    Headers: headers.length === 0 ? undefined : headers,
    Attachments:
      attachments.length === 0
        ? undefined
        : attachments.map((file) => ({
            FileName: oneLine(file.filename).slice(0, 255),
            ContentType: mediaType(file.contentType),
            ContentDisposition: "ATTACHMENT",
            ContentTransferEncoding: "BASE64",
            RawContent: file.contentBase64,
          })),
  };
  if (stored !== undefined) {
    return { Template: { TemplateName: stored.id, TemplateData: JSON.stringify(stored.variables), ...rest } };
  }
  return {
    Simple: {
      Subject: utf8(oneLine(envelope.subject)),
      Body: { Text: text === undefined ? undefined : utf8(text), Html: html === undefined ? undefined : utf8(html) },
      ...rest,
    },
  };
}

const MAX_TEMPLATE_DATA = 262_144;

function refusedData(envelope: Envelope) {
  const stored = envelope.channel === "email" ? envelope.provider_template : undefined;
  return stored === undefined
    ? null
    : tooLong("JSON of the variables", JSON.stringify(stored.variables).length, MAX_TEMPLATE_DATA);
}

const utf8 = (Data: string) => ({ Data, Charset: "UTF-8" });

/** SES takes at most 78 characters, which a long parameter can exceed. */
function mediaType(type: string): string {
  const line = headerValue(type);
  return line.length <= 78 && line !== "" ? line : "application/octet-stream";
}
