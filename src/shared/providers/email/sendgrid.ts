/**
 * SendGrid v3 Mail Send.
 * https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 */
import { z } from "zod";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { headerLines, mailboxParts, oneLine } from "./lines.ts";
import { type EmailEnvelope, emailOf, filename, mediaType, secretKey, sender, tagLines } from "./parts.ts";
import { keyState, refusal } from "./sendgrid-answers.ts";
import { sendgridCallbacks } from "./sendgrid-callbacks.ts";

const credentials = z.strictObject({ api_key: secretKey("API key") });

const settings = z.strictObject({
  from: sender("Its domain or address must be verified in SendGrid."),
  region: z
    .enum(["global", "eu"])
    .optional()
    .meta({ title: "Region", description: "`eu` for a subuser whose data stays in the EU." }),
  endpoint: endpoint.optional(),
});

export type SendGridAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const sendgrid = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "sendgrid",
  name: "Twilio SendGrid",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  async encode(envelope, account) {
    return mailSend(account, body(emailOf(envelope, "SendGrid"), account));
  },
  decode(answer) {
    if (answer.status !== 202) return refusal(answer);
    const id = answer.headers.get("x-message-id");
    if (id) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_message_id", reason: "SendGrid answered without an X-Message-Id." };
  },
  callbacks: sendgridCallbacks,
  probe: {
    encode: async (account) => new Request(url(account, "/v3/scopes"), { headers: authorization(account) }),
    decode: keyState,
  },
});

/** A call of Mail Send. */
export function mailSend(account: SendGridAccount, body: object): Request {
  return new Request(url(account, "/v3/mail/send"), {
    method: "POST",
    headers: { ...authorization(account), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

function url({ settings }: SendGridAccount, path: string): string {
  return under(settings.endpoint ?? `https://api.${settings.region === "eu" ? "eu." : ""}sendgrid.com`, path);
}

function authorization({ credentials }: SendGridAccount) {
  return { authorization: `Bearer ${credentials.api_key}` };
}

function body(envelope: EmailEnvelope, account: SendGridAccount) {
  return {
    personalizations: [recipients(envelope)],
    ...shared(envelope, account),
    subject: oneLine(envelope.subject),
    content: contents(envelope.text, envelope.html),
    headers: headers(envelope),
    custom_args: correlation(envelope),
  };
}

/** What every recipient of a call has in common. */
export function shared(envelope: EmailEnvelope, { settings }: SendGridAccount) {
  const categories = tagLines(envelope.tags, 255);
  return {
    from: address(envelope.from ?? settings.from),
    reply_to: envelope.reply_to === undefined ? undefined : address(envelope.reply_to),
    attachments:
      envelope.attachments.length === 0
        ? undefined
        : envelope.attachments.map((file) => ({
            content: file.contentBase64,
            type: mediaType(file),
            filename: filename(file),
            disposition: "attachment",
          })),
    categories: categories.length === 0 ? undefined : categories,
  };
}

/** The plain text first, as SendGrid demands; what is empty is left out. */
export function contents(text: string | undefined, html: string | undefined) {
  const parts = [
    { type: "text/plain", value: text ?? "" },
    { type: "text/html", value: html ?? "" },
  ];
  return parts.filter((part) => part.value !== "");
}

export function headers(envelope: EmailEnvelope): Readonly<Record<string, string>> | undefined {
  const lines = headerLines(envelope.headers);
  return lines.length === 0 ? undefined : Object.fromEntries(lines);
}

/** Comes back at the top level of each event, where a name such as `attempt` would be SendGrid's own. */
export function correlation({ attemptId, messageId }: EmailEnvelope) {
  return { carillon_attempt_id: attemptId, carillon_message_id: messageId };
}

/** SendGrid refuses an address that stands twice among to, cc and bcc: the first of them is kept. */
export function recipients(envelope: EmailEnvelope) {
  const seen = new Set<string>();
  const fresh = (list: readonly string[]) => {
    const addresses = list.map(address).filter(({ email }) => !seen.has(email.toLowerCase()) && seen.add(email.toLowerCase()));
    return addresses.length === 0 ? undefined : addresses;
  };
  return { to: fresh([envelope.to]), cc: fresh(envelope.cc ?? []), bcc: fresh(envelope.bcc ?? []) };
}

function address(text: string): { email: string; name?: string } {
  const { name, email } = mailboxParts(text);
  return name === "" ? { email } : { email, name };
}
