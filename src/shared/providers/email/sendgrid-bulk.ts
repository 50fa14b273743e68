/**
 * Many mails in one call of SendGrid's Mail Send: a personalization for each, with its own subject, headers and ids. A
 * text that differs is put in for a tag of the shared content (https://www.twilio.com/docs/sendgrid/for-developers/sending-email/substitution-tags).
 *
 * Its limits: what is put in may have 10,000 bytes a personalization, so longer texts share a call only where they are
 * the same; files, copies and blind copies go alone; all or nothing is taken, under one X-Message-Id.
 */
import type { Receipt } from "../../core/message.ts";
import type { Bulk } from "../provider.ts";
import { oneLine } from "./lines.ts";
import { emailOf } from "./parts.ts";
import { errorsIn, personalizationAt, refusal } from "./sendgrid-answers.ts";
import { contents, correlation, headers, mailSend, receipt, recipients, type SendGridAccount, shared } from "./sendgrid-mail.ts";

/** SendGrid's reference says 10,000 and its guide 50,000: the lower one is safe. JSON's own signs are left room for. */
const MAX_SUBSTITUTED_BYTES = 9_500;

export const sendgridBulk: Bulk<SendGridAccount["credentials"], SendGridAccount["settings"]> = {
  most: 1000,
  key(envelope, account) {
    const mail = emailOf(envelope, "SendGrid");
    if (mail.provider_template !== undefined) return null;
    if (mail.attachments.length > 0 || (mail.cc?.length ?? 0) > 0 || (mail.bcc?.length ?? 0) > 0) return null;
    const { text = "", html = "" } = mail;
    const own = new TextEncoder().encode(text + html).length <= MAX_SUBSTITUTED_BYTES;
    return JSON.stringify([shared(mail, account), ...(own ? [text !== "", html !== ""] : [text, html])]);
  },
  async encode(envelopes, account) {
    const mails = envelopes.map((envelope) => emailOf(envelope, "SendGrid"));
    const [first] = mails;
    if (first === undefined) throw new Error("a call of no mails");
    // No content can hold an attempt's id that was made after it.
    const tag = (part: "text" | "html") => `-carillon-${part}-${first.attemptId}-`;
    const isOwn = (part: "text" | "html") => mails.some((mail) => mail[part] !== first[part]);
    const own = (["text", "html"] as const).filter(isOwn);
    const common = (part: "text" | "html") => (own.includes(part) ? tag(part) : first[part]);
    return mailSend(account, {
      personalizations: mails.map((mail) => ({
        ...recipients(mail),
        subject: oneLine(mail.subject),
        headers: headers(mail),
        custom_args: correlation(mail),
        substitutions: own.length === 0 ? undefined : Object.fromEntries(own.map((part) => [tag(part), mail[part] ?? ""])),
      })),
      ...shared(first, account),
      subject: oneLine(first.subject),
      content: contents(common("text"), common("html")),
    });
  },
  decode(answer, count) {
    const ofAll = receipt(answer);
    const errors = answer.status === 400 ? errorsIn(answer) : [];
    const places = new Set(errors.map((error) => personalizationAt(error)));
    if (places.size === 0 || places.has(null)) return Array.from({ length: count }, () => ofAll);
    // Whoever is named stopped the whole call: the others are well, and may go again without.
    return Array.from({ length: count }, (_, i) => {
      const own = errors.filter((error) => personalizationAt(error) === i);
      return own.length === 0 ? STOPPED : refusal({ ...answer, body: JSON.stringify({ errors: own }) });
    });
  },
};

const STOPPED: Receipt = {
  outcome: "transient",
  code: "bulk_refused",
  reason: "SendGrid refused another recipient of the same call, and took none.",
};
