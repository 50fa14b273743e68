/**
 * Resend. It takes an idempotency key for 24 hours, so the same mail may be sent again under it.
 * https://resend.com/docs/api-reference/emails/send-email · https://resend.com/docs/dashboard/emails/idempotency-keys
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { headerLines, oneLine, utf8Mailbox } from "./lines.ts";
import { type EmailEnvelope, emailOf, filename, mediaType, sender, tagPairs } from "./parts.ts";
import { keyState, refusal } from "./resend-answers.ts";
import { resendCallbacks } from "./resend-callbacks.ts";

const credentials = z.strictObject({ api_key: secretKey("API key") });

const settings = z.strictObject({
  from: sender("Its domain must be verified in Resend."),
  endpoint: endpoint.optional(),
});

type ResendAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const resend = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "resend",
  name: "Resend",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: true,
  async encode(envelope, account, { idempotencyKey }) {
    return new Request(under(base(account), "/emails"), {
      method: "POST",
      headers: { ...authorization(account), "content-type": "application/json", "idempotency-key": idempotencyKey },
      body: JSON.stringify(email(emailOf(envelope, "Resend"), account)),
    });
  },
  decode(answer) {
    const id = answer.status >= 200 && answer.status < 300 ? text(parseObject(answer.body), "id") : null;
    return id === null ? refusal(answer) : { outcome: "sent", providerMessageId: id };
  },
  callbacks: resendCallbacks,
  probe: {
    encode: async (account) => new Request(under(base(account), "/domains"), { headers: authorization(account) }),
    decode: keyState,
  },
});

function base({ settings }: ResendAccount): string {
  return settings.endpoint ?? "https://api.resend.com";
}

function authorization({ credentials }: ResendAccount) {
  return { authorization: `Bearer ${credentials.api_key}` };
}

/** Nothing in it may differ from one try to the next: Resend refuses another body under the same key. */
function email(envelope: EmailEnvelope, { settings }: ResendAccount) {
  const headers = headerLines(envelope.headers);
  return {
    from: utf8Mailbox(envelope.from ?? settings.from),
    to: [utf8Mailbox(envelope.to)],
    cc: envelope.cc?.map(utf8Mailbox),
    bcc: envelope.bcc?.map(utf8Mailbox),
    reply_to: envelope.reply_to === undefined ? undefined : utf8Mailbox(envelope.reply_to),
    subject: oneLine(envelope.subject),
    text: envelope.text,
    html: envelope.html,
    headers: headers.length === 0 ? undefined : Object.fromEntries(headers),
    attachments:
      envelope.attachments.length === 0
        ? undefined
        : envelope.attachments.map((file) => ({
            filename: filename(file),
            content: file.contentBase64,
            content_type: mediaType(file),
          })),
    tags: tagPairs(envelope).map(([name, value]) => ({ name, value })),
  };
}
