/** A mail as an internet message (RFC 5322, MIME). nodemailer's composer folds, encodes and nests; what may go in is decided here. */
import MailComposer from "nodemailer/lib/mail-composer";
import { headerLines, mailboxParts, oneLine } from "./lines.ts";
import { type EmailEnvelope, filename, mediaType } from "./parts.ts";

/** The header that holds our message's id; the attempt's is the message id of the mail itself. */
export const ID_HEADER = "X-Carillon-Message-Id";

/** What the composer writes itself, or nobody may: a second one would be another mail to some readers. */
const OWN =
  /^(from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|content-.*|return-path|received|resent-.*|dkim-signature|x-carillon-.*)$/i;

/** The same bytes for the same input. Blind copies are in no header. */
export async function messageOf(envelope: EmailEnvelope, from: string, now: number): Promise<Uint8Array> {
  const domain = domainOf(from);
  const composer = new MailComposer({
    from: addressOf(from),
    to: addressOf(envelope.to),
    ...(envelope.cc === undefined ? {} : { cc: envelope.cc.map(addressOf) }),
    ...(envelope.reply_to === undefined ? {} : { replyTo: addressOf(envelope.reply_to) }),
    subject: oneLine(envelope.subject),
    ...bodyOf(envelope),
    messageId: `<${envelope.attemptId}@${domain}>`,
    date: new Date(now),
    headers: [
      { key: ID_HEADER, value: envelope.messageId },
      ...headerLines(envelope.headers).flatMap(([key, value]) => (OWN.test(key) ? [] : [{ key, value }])),
    ],
    attachments: envelope.attachments.map((file) => ({
      filename: filename(file),
      contentType: mediaType(file),
      contentDisposition: "attachment" as const,
      content: file.contentBase64,
      encoding: "base64",
    })),
    newline: "windows",
    // It must not be able to fetch what content names.
    disableFileAccess: true,
    disableUrlAccess: true,
    baseBoundary: await digestOf(JSON.stringify([envelope, now])),
  });
  return new Uint8Array(await composer.compile().build());
}

/** Where both are empty, an empty line: else the first file would become the body. */
function bodyOf({ text, html }: EmailEnvelope): { text?: string; html?: string } {
  if (!text && !html) return { text: "\n" };
  return { ...(text ? { text } : {}), ...(html ? { html } : {}) };
}

/** Taken apart, so that the composer does not have to find out where a name ends. */
function addressOf(text: string): { name: string; address: string } {
  const { name, email } = mailboxParts(text);
  return { name, address: email };
}

/** The domain of a mailbox, in Punycode. */
export function domainOf(from: string): string {
  const { email } = mailboxParts(from);
  return email.slice(email.lastIndexOf("@") + 1);
}

/** No text holds its own hash, so no part can hold the boundary. */
async function digestOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
