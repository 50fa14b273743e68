/**
 * What providers ask by their published lists, for connections that have no prices of their own. List prices change, and
 * accounts have others: each row says how sure it is. A provider that is not here has no known price.
 */
import type { Channel } from "./channels.ts";
import type { PriceTable } from "./price.ts";

/** `high`: the provider's page or price API. `medium`: a dated reading of it by others. `low`: old, or sources differ. */
export type Confidence = "high" | "medium" | "low";

export interface ListPrice {
  readonly prices: PriceTable;
  readonly confidence: Confidence;
  /** Which plan, and what is not in it. */
  readonly note: string;
}

/** When the list was read. */
export const LIST_PRICES_AS_OF = "2026-11-20";

const USD = "USD" as const;
const mail = (amount: number): PriceTable => ({ currency: USD, per: "message", default: amount });
const FREE: ListPrice = {
  prices: { currency: USD, per: "message", default: 0 },
  confidence: "high",
  note: "Free of charge.",
};

/** By provider, or by provider and channel where it carries several. */
const LIST: Readonly<Record<string, ListPrice>> = {
  ses: {
    prices: mail(0.00016),
    confidence: "medium",
    note: "Essentials, up to 10 million a month; accounts on the terms from before 2026-07-21 pay 0.0001.",
  },
  sendgrid: { prices: mail(0.0004), confidence: "medium", note: "Essentials, 19.95 for 50,000." },
  postmark: { prices: mail(0.0015), confidence: "medium", note: "15 for 10,000." },
  resend: { prices: mail(0.0004), confidence: "medium", note: "Pro, 20 for 50,000." },
  mailgun: { prices: mail(0.0005), confidence: "low", note: "15 to 35 for 50,000: sources differ." },
  "cloudflare-email": { prices: mail(0.00035), confidence: "high", note: "Workers Paid, beyond 3,000 a month." },
  "twilio/sms": {
    prices: { currency: USD, per: "part", by_country: { US: 0.0118 }, per_failed: 0.001 },
    confidence: "medium",
    note: "0.0083 and a carrier fee of 0.0035 (long code, AT&T). Other countries: Twilio's pricing API.",
  },
  "telnyx/sms": {
    prices: { currency: USD, per: "part", by_country: { US: 0.0051 } },
    confidence: "medium",
    note: "0.00205 and a carrier fee of 0.00305.",
  },
  "sns/sms": {
    prices: { currency: USD, per: "part", by_country: { US: 0.00645 } },
    confidence: "low",
    note: "From an old sample of AWS's documentation.",
  },
  "aws-sms/sms": {
    prices: { currency: USD, per: "part", by_country: { US: 0.00645, JP: 0.07451 } },
    confidence: "low",
    note: "Japan as read in May 2026; the United States from an old sample of AWS's documentation.",
  },
  "meta/whatsapp": {
    prices: { currency: USD, per: "message", by_country: { US: 0.0255, IN: 0.0105, BR: 0.025 } },
    confidence: "low",
    note: "Marketing templates, as others quote Meta's rate card; utility and authentication cost less.",
  },
  fcm: FREE,
  apns: FREE,
  webpush: FREE,
  slack: FREE,
  slack_webhook: FREE,
  discord: FREE,
  teams: FREE,
  telegram: FREE,
  sandbox: FREE,
};

/** `provider`, or `provider/channel`. */
export const LISTED: readonly string[] = Object.keys(LIST);

/** Null where nobody knows. */
export function listPriceOf(provider: string, channel: Channel): ListPrice | null {
  return LIST[`${provider}/${channel}`] ?? LIST[provider] ?? null;
}
