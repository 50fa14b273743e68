/** What a call of SendGrid's Mail Send is made of, for one mail or for many. */
import type { Receipt } from "../../core/message.ts";
import { under } from "../endpoint.ts";
import type { Account, Answer } from "../provider.ts";
import { headerLines, mailboxParts } from "./lines.ts";
import { type EmailEnvelope, filename, mediaType, tagLines } from "./parts.ts";
import { refusal } from "./sendgrid-answers.ts";

/** As the schemas of sendgrid.ts make it. */
export type SendGridAccount = Account<
  { readonly api_key: string },
  { readonly from: string; readonly region?: "global" | "eu" | undefined; readonly endpoint?: string | undefined }
>;

/** A call of Mail Send. */
export function mailSend(account: SendGridAccount, body: object): Request {
  return new Request(url(account, "/v3/mail/send"), {
    method: "POST",
    headers: { ...authorization(account), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

export function url({ settings }: SendGridAccount, path: string): string {
  return under(settings.endpoint ?? `https://api.${settings.region === "eu" ? "eu." : ""}sendgrid.com`, path);
}

export function authorization({ credentials }: SendGridAccount) {
  return { authorization: `Bearer ${credentials.api_key}` };
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

/** The answer to a call that may have been taken. */
export function receipt(answer: Answer): Receipt {
  if (answer.status !== 202) return refusal(answer);
  const id = answer.headers.get("x-message-id");
  if (id) return { outcome: "sent", providerMessageId: id };
  return { outcome: "unknown", code: "no_message_id", reason: "SendGrid answered without an X-Message-Id." };
}
