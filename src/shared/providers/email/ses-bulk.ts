/**
 * Many mails in one call of SES: a template whose parts are one variable each, and for each recipient what stands in it.
 * SES escapes nothing in a template, and an inline one knows plain variables only, so `{{html}}` is the HTML as it is.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
 *
 * Its limits: files, copies and blind copies go alone, and so do large mails. What is wrong with a mail's own content
 * comes later, as an event. Answered mail by mail: some may be taken and some not.
 */
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject } from "../answers.ts";
import type { Bulk } from "../provider.ts";
import { fieldsOf, idOf, itemsOf } from "../signals.ts";
import { headerLines, mailbox, oneLine } from "./lines.ts";
import { type EmailEnvelope, emailOf, tagPairs } from "./parts.ts";
import { refusal } from "./ses-answers.ts";
import { type SesAccount, signed } from "./ses-call.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

/** SES takes 262,144 characters a recipient; fifty of these make a call of 5 MB. */
const MAX_DATA_LENGTH = 100_000;
const MAX_HEADERS = 15;

export const sesBulk: Bulk<SesAccount["credentials"], SesAccount["settings"]> = {
  most: 50,
  key(envelope, { settings }) {
    const mail = emailOf(envelope, "SES");
    const hasMore =
      mail.provider_template !== undefined ||
      mail.attachments.length > 0 ||
      (mail.cc?.length ?? 0) > 0 ||
      (mail.bcc?.length ?? 0) > 0;
    if (hasMore || dataOf(mail).length > MAX_DATA_LENGTH || headerLines(mail.headers).length > MAX_HEADERS) return null;
    return JSON.stringify([mail.from ?? settings.from, mail.reply_to ?? null, mail.text !== undefined, mail.html !== undefined]);
  },
  encode(envelopes, account, { now }) {
    const mails = envelopes.map((envelope) => emailOf(envelope, "SES"));
    const [first] = mails;
    if (first === undefined) throw new Error("a call of no mails");
    const call = {
      FromEmailAddress: mailbox(first.from ?? account.settings.from),
      ReplyToAddresses: first.reply_to === undefined ? undefined : [mailbox(first.reply_to)],
      DefaultContent: {
        Template: {
          TemplateContent: {
            Subject: "{{subject}}",
            Text: first.text === undefined ? undefined : "{{text}}",
            Html: first.html === undefined ? undefined : "{{html}}",
          },
          TemplateData: "{}",
        },
      },
      BulkEmailEntries: mails.map(entry),
      ConfigurationSetName: account.settings.configuration_set,
    };
    const body = new TextEncoder().encode(JSON.stringify(call));
    return signed(account, { method: "POST", path: "/v2/email/outbound-bulk-emails", body, now });
  },
  decode(answer, count) {
    if (answer.status < 200 || answer.status >= 300) {
      const ofAll = refusal(answer);
      return Array.from({ length: count }, () => ofAll);
    }
    const results = itemsOf(parseObject(answer.body).BulkEmailEntryResults);
    return Array.from({ length: count }, (_, i) => receipt(results.length === count ? results[i] : null));
  },
};

function dataOf({ subject, text, html }: EmailEnvelope): string {
  return JSON.stringify({ subject: oneLine(subject), text, html });
}

function entry(mail: EmailEnvelope) {
  const headers = headerLines(mail.headers).map(([Name, Value]) => ({ Name, Value }));
  return {
    Destination: { ToAddresses: [mailbox(mail.to)] },
    ReplacementTags: tagPairs(mail).map(([Name, Value]) => ({ Name, Value })),
    ReplacementEmailContent: { ReplacementTemplate: { ReplacementTemplateData: dataOf(mail) } },
    ReplacementHeaders: headers.length === 0 ? undefined : headers,
  };
}

const HOUR_MS = 3_600_000;

/** What an entry's status means; one that we do not know, or FAILED, says nothing about whether the mail went. */
const OUTCOMES: ReadonlyMap<unknown, Failure["outcome"]> = new Map<unknown, Failure["outcome"]>([
  ["ACCOUNT_THROTTLED", "transient"],
  ["TRANSIENT_FAILURE", "transient"],
  ["ACCOUNT_DAILY_QUOTA_EXCEEDED", "throttled"],
  ["ACCOUNT_SUSPENDED", "misconfigured"],
  ["ACCOUNT_SENDING_PAUSED", "misconfigured"],
  ["CONFIGURATION_SET_SENDING_PAUSED", "misconfigured"],
  ["MAIL_FROM_DOMAIN_NOT_VERIFIED", "misconfigured"],
  ["CONFIGURATION_SET_NOT_FOUND", "misconfigured"],
  ["TEMPLATE_NOT_FOUND", "misconfigured"],
  ["INVALID_SENDING_POOL_NAME", "misconfigured"],
  ["MESSAGE_REJECTED", "permanent"],
  ["INVALID_PARAMETER", "permanent"],
]);

function receipt(result: unknown): Receipt {
  const { Status, Error: said, MessageId } = fieldsOf(result);
  const id = idOf(MessageId);
  if (Status === "SUCCESS" && id !== null) return { outcome: "sent", providerMessageId: id };
  const outcome = OUTCOMES.get(Status) ?? "unknown";
  return {
    outcome,
    code: excerpt(typeof Status === "string" ? Status : "", "no_result").slice(0, 100),
    reason: excerpt(typeof said === "string" ? said : "", "SES says no more about this mail."),
    ...(outcome === "throttled" ? { retryAfterMs: HOUR_MS } : {}),
  };
}
