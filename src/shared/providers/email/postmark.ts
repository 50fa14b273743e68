/**
 * Postmark, single email.
 * https://postmarkapp.com/developer/api/email-api#send-a-single-email
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { headerLines, oneLine, utf8Mailbox } from "./lines.ts";
import { type EmailEnvelope, emailOf, filename, mediaType, sender, tagLines } from "./parts.ts";
import { refusal, serverState } from "./postmark-answers.ts";
import { postmarkCallbacks } from "./postmark-callbacks.ts";

const credentials = z.strictObject({ server_token: secretKey("Server API token") });

const settings = z.strictObject({
  from: sender("Its signature or domain must be confirmed in Postmark."),
  message_stream: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,29}$/, "A stream's id has small letters, digits and hyphens.")
    .optional()
    .meta({ title: "Message stream", description: "`outbound` unless set; a broadcast stream for newsletters." }),
  endpoint: endpoint.optional(),
});

type PostmarkAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const postmark = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "postmark",
  name: "Postmark",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  async encode(envelope, account) {
    return new Request(under(base(account), "/email"), {
      method: "POST",
      headers: { ...headersOf(account), "content-type": "application/json" },
      body: JSON.stringify(email(emailOf(envelope, "Postmark"), account)),
    });
  },
  decode(answer) {
    const body = answer.status >= 200 && answer.status < 300 ? parseObject(answer.body) : {};
    const id = body.ErrorCode === 0 ? text(body, "MessageID") : null;
    return id === null ? refusal(answer) : { outcome: "sent", providerMessageId: id };
  },
  callbacks: postmarkCallbacks,
  probe: {
    encode: async (account) => new Request(under(base(account), "/server"), { headers: headersOf(account) }),
    decode: serverState,
  },
});

function base({ settings }: PostmarkAccount): string {
  return settings.endpoint ?? "https://api.postmarkapp.com";
}

function headersOf({ credentials }: PostmarkAccount) {
  return { accept: "application/json", "x-postmark-server-token": credentials.server_token };
}

function email(envelope: EmailEnvelope, { settings }: PostmarkAccount) {
  return {
    From: utf8Mailbox(envelope.from ?? settings.from),
    To: utf8Mailbox(envelope.to),
    Cc: list(envelope.cc),
    Bcc: list(envelope.bcc),
    ReplyTo: envelope.reply_to === undefined ? undefined : utf8Mailbox(envelope.reply_to),
    Subject: oneLine(envelope.subject),
    TextBody: envelope.text,
    HtmlBody: envelope.html,
    Headers: headerLines(envelope.headers).map(([Name, Value]) => ({ Name, Value })),
    Attachments: envelope.attachments.map((file) => ({
      Name: filename(file),
      Content: file.contentBase64,
      ContentType: mediaType(file),
    })),
    // It takes one tag.
    Tag: tagLines(envelope.tags, 1000)[0],
    // Comes back in every webhook.
    Metadata: { attempt_id: envelope.attemptId, message_id: envelope.messageId },
    MessageStream: settings.message_stream ?? "outbound",
  };
}

function list(mailboxes: readonly string[] | undefined): string | undefined {
  return mailboxes === undefined || mailboxes.length === 0 ? undefined : mailboxes.map(utf8Mailbox).join(", ");
}
