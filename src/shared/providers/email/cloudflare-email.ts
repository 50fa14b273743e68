/**
 * Cloudflare's Email Service, by the `send_email` binding of the dispatcher: the senders are domains of the operator's own
 * account, so it is for deployments whose operator sends in its own name.
 * https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ · …/reference/headers/
 */
import { z } from "zod";
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import type { BoundAddress, BoundMail, Posted } from "../../ports/mailer.ts";
import { excerpt } from "../answers.ts";
import { type Account, bindingProvider } from "../provider.ts";
import { fromBase64 } from "../signatures.ts";
import { headerLines, isAddress, mailboxParts, oneLine } from "./lines.ts";
import { type EmailEnvelope, emailOf, filename, mediaType, sender } from "./parts.ts";

/** The account is the deployment's. */
const credentials = z.strictObject({});

const settings = z.strictObject({
  from: sender("Its domain must be onboarded to Email Service in the account of this deployment."),
});

type CloudflareAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const cloudflareEmail = bindingProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "cloudflare-email",
  name: "Cloudflare Email Service",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 20_000,
  idempotent: false,
  needs: "mailer",
  encode: (envelope, account) => boundMail(emailOf(envelope, "Cloudflare Email Service"), account),
  decode: receiptOf,
  vouch: "This deployment has the binding. Whether it may send for this domain is known when it sends.",
});

function boundMail(envelope: EmailEnvelope, { settings }: CloudflareAccount): BoundMail {
  const { cc, bcc, reply_to, text, html } = envelope;
  return {
    from: addressOf(envelope.from ?? settings.from),
    to: [addressOf(envelope.to)],
    ...copies("cc", cc),
    ...copies("bcc", bcc),
    ...(reply_to === undefined ? {} : { replyTo: addressOf(reply_to) }),
    subject: oneLine(envelope.subject),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    headers: {
      ...Object.fromEntries(headerLines(envelope.headers).filter(([name]) => NAME.test(name))),
      "X-Carillon-Message-Id": envelope.messageId,
      "X-Carillon-Attempt-Id": envelope.attemptId,
    },
    attachments: envelope.attachments.map((file) => ({
      filename: filename(file),
      type: mediaType(file),
      disposition: "attachment" as const,
      content: fromBase64(file.contentBase64) ?? new Uint8Array(0),
    })),
  };
}

/** A copy that goes to no address is left out: the mail is the recipient's. */
function copies<F extends "cc" | "bcc">(field: F, given: readonly string[] | undefined): Partial<Record<F, BoundAddress[]>> {
  const all = (given ?? []).filter((text) => isAddress(mailboxParts(text).email)).map(addressOf);
  return all.length === 0 ? {} : ({ [field]: all } as Record<F, BoundAddress[]>);
}

/** What can be a header there at all, and is not ours; whether it may be one is for the platform to say. */
const NAME = /^(?!x-carillon-)[A-Za-z0-9-]{1,100}$|^(?!x-carillon-)X-[A-Za-z0-9_-]{1,98}$/i;

function addressOf(text: string): BoundAddress {
  const { name, email } = mailboxParts(text);
  return name === "" ? email : { name, email };
}

const DAILY_LIMIT_MS = 3_600_000;

function receiptOf(posted: Posted): Receipt {
  switch (posted.kind) {
    case "taken":
      return { outcome: "sent", providerMessageId: posted.messageId };
    case "unknown":
      return { outcome: "unknown", code: "no_answer", reason: excerpt(posted.reason, "Nothing came back.") };
    case "refused":
      return {
        outcome: outcomeOf(posted.code),
        code: posted.code,
        reason: excerpt(posted.reason, `Email Service answered ${posted.code}.`),
        ...(posted.code === "E_DAILY_LIMIT_EXCEEDED" ? { retryAfterMs: DAILY_LIMIT_MS } : {}),
      };
  }
}

/** A code that is not there, and not of a family, may come from after the mail was taken. */
function outcomeOf(code: string): FailedReceipt["outcome"] {
  if (/^E_(RATE|DAILY)_LIMIT_EXCEEDED$/.test(code)) return "throttled";
  if (/^E_SENDER_/.test(code) || code === "E_RECIPIENT_NOT_ALLOWED") return "misconfigured";
  if (code === "E_RECIPIENT_SUPPRESSED") return "recipient_invalid";
  if (code === "E_DELIVERY_FAILED") return "transient";
  if (/^E_(VALIDATION|FIELD|TOO_MANY|CONTENT|HEADERS?)_/.test(code)) return "permanent";
  return "unknown";
}
