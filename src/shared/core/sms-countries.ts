/**
 * What countries want of a text message: data, each row with where it is from. `unverified` marks what is commonly said and
 * was not read at its source; nothing is refused because of it.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js/min";

const SOURCES = {
  aws_sender_ids: "https://docs.aws.amazon.com/sms-voice/latest/userguide/sender-id.html",
  aws_registrations: "https://docs.aws.amazon.com/sms-voice/latest/userguide/registrations-country.html",
  aws_countries: "https://docs.aws.amazon.com/sns/latest/dg/sns-supported-regions-countries.html",
  twilio_international: "https://www.twilio.com/docs/sms/guides/sending-international-sms-guide",
  sinch_quiet_hours: "https://community.sinch.com/t5/SMS/What-are-quot-Quiet-Hours-quot/ta-p/17974",
  unverified: null,
} as const;
type Source = keyof typeof SOURCES;

/** `varies`: some networks replace it by a number of their own, or refuse it. */
export type AlphanumericRule = "taken" | "registered" | "varies" | "not_taken";

export interface CountryRules {
  readonly alphanumeric: AlphanumericRule;
  readonly from: Source;
  /** Set where a number too must be registered before it may send to people there. */
  readonly numbersRegistered?: { readonly from: Source };
  /** Set where marketing must say how to end it. */
  readonly optOutText?: { readonly from: Source };
  /** When marketing may be sent, by the recipient's clock, `HH:MM`. */
  readonly marketingHours?: { readonly start: string; readonly end: string; readonly note?: string; readonly from: Source };
}

const OPT_OUT = { optOutText: { from: "unverified" } } as const;

/** By ISO 3166 country. A country that is not here has no rules that we know of. */
export const SMS_COUNTRIES: Readonly<Record<string, CountryRules>> = {
  AE: { alphanumeric: "registered", from: "aws_countries", ...OPT_OUT },
  AT: { alphanumeric: "registered", from: "aws_registrations", ...OPT_OUT },
  AU: { alphanumeric: "registered", from: "aws_registrations", ...OPT_OUT },
  BE: { alphanumeric: "varies", from: "aws_countries", ...OPT_OUT },
  BR: { alphanumeric: "varies", from: "aws_countries" },
  CA: { alphanumeric: "not_taken", from: "aws_sender_ids", ...OPT_OUT },
  CH: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  CN: { alphanumeric: "not_taken", from: "aws_sender_ids", ...OPT_OUT },
  CZ: { alphanumeric: "varies", from: "aws_countries", ...OPT_OUT },
  DE: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  DK: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  EG: { alphanumeric: "registered", from: "aws_registrations" },
  ES: { alphanumeric: "registered", from: "aws_registrations", ...OPT_OUT },
  FI: { alphanumeric: "registered", from: "aws_registrations", ...OPT_OUT },
  FR: {
    alphanumeric: "taken",
    from: "aws_countries",
    ...OPT_OUT,
    marketingHours: {
      start: "08:00",
      end: "20:00",
      note: "Not on Sundays and public holidays. That there are such times is of Twilio's guide; these hours are unverified.",
      from: "twilio_international",
    },
  },
  GB: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  HK: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  ID: { alphanumeric: "registered", from: "aws_registrations" },
  IE: { alphanumeric: "registered", from: "aws_registrations", ...OPT_OUT },
  IL: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  IN: {
    alphanumeric: "registered",
    from: "aws_registrations",
    marketingHours: {
      start: "10:00",
      end: "21:00",
      note: "That there are such times is of Twilio's guide; these hours are unverified.",
      from: "twilio_international",
    },
  },
  IT: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  JP: { alphanumeric: "varies", from: "aws_countries" },
  KE: { alphanumeric: "registered", from: "aws_registrations" },
  KR: { alphanumeric: "varies", from: "aws_countries", ...OPT_OUT },
  KW: { alphanumeric: "registered", from: "aws_registrations" },
  MX: { alphanumeric: "varies", from: "aws_countries" },
  MY: { alphanumeric: "varies", from: "aws_countries" },
  NL: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  NO: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  NZ: { alphanumeric: "varies", from: "aws_countries", ...OPT_OUT },
  PH: { alphanumeric: "registered", from: "aws_registrations" },
  PL: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  PT: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  QA: { alphanumeric: "registered", from: "aws_registrations" },
  SA: { alphanumeric: "registered", from: "aws_registrations" },
  SE: { alphanumeric: "taken", from: "aws_countries", ...OPT_OUT },
  SG: { alphanumeric: "registered", from: "aws_registrations" },
  TH: { alphanumeric: "registered", from: "aws_registrations" },
  TR: { alphanumeric: "varies", from: "aws_countries" },
  US: {
    alphanumeric: "not_taken",
    from: "aws_sender_ids",
    numbersRegistered: { from: "aws_countries" },
    ...OPT_OUT,
    marketingHours: {
      start: "08:00",
      end: "21:00",
      note: "The federal rule; some states have stricter ones.",
      from: "sinch_quiet_hours",
    },
  },
  ZA: { alphanumeric: "varies", from: "aws_countries", ...OPT_OUT },
};

export type SenderKind = "number" | "short_code" | "alphanumeric";

/** What a sender is by the way it is written: `+15550001111`, `12345`, `ACME`. */
export function senderKind(sender: string): SenderKind {
  if (sender.startsWith("+")) return "number";
  return /^\d{3,8}$/.test(sender) ? "short_code" : "alphanumeric";
}

/**
 * ISO 3166 code of a number in E.164; null where its calling code belongs to no country, such as a satellite's. A number
 * that is none of a country that shares its code (drama, test numbers) counts as of the first one: GB for +44.
 */
export function countryOf(destination: string): string | null {
  const number = parsePhoneNumberFromString(destination);
  return number?.country ?? number?.getPossibleCountries()[0] ?? null;
}

export interface SmsAdvice {
  readonly code:
    | "sender_not_taken"
    | "sender_needs_registration"
    | "sender_varies"
    | "number_needs_registration"
    | "opt_out_text"
    | "marketing_hours";
  /** One sentence for a person. */
  readonly message: string;
  /** The page that it was read on; null for what is unverified. */
  readonly source: string | null;
}

export interface SmsRules {
  /** ISO 3166; null where the number is of no country. */
  readonly country: string | null;
  readonly rules: CountryRules | null;
  /** Set where such a message is refused there: it would reach nobody under that sender. */
  readonly refusal: SmsAdvice | null;
  /** What to know before sending; for marketing only where it says so. */
  readonly advice: readonly SmsAdvice[];
}

/** What is known of sending to `destination` (E.164) from `sender`; from one that the provider picks where it is undefined. */
export function smsRulesFor(destination: string, sender: string | undefined): SmsRules {
  const country = countryOf(destination);
  const rules = country === null ? null : (SMS_COUNTRIES[country] ?? null);
  if (country === null || rules === null) return { country, rules: null, refusal: null, advice: [] };
  const kind = sender === undefined ? null : senderKind(sender);
  const say = (code: SmsAdvice["code"], from: Source, message: string): SmsAdvice => ({ code, message, source: SOURCES[from] });
  const advice: SmsAdvice[] = [];
  let refusal: SmsAdvice | null = null;
  if (kind === "alphanumeric") {
    switch (rules.alphanumeric) {
      case "taken":
        break;
      case "registered":
        advice.push(
          say("sender_needs_registration", rules.from, `${country} takes a name as sender once it is registered there.`),
        );
        break;
      case "varies":
        advice.push(say("sender_varies", rules.from, `Networks of ${country} may replace a name as sender, or refuse it.`));
        break;
      case "not_taken":
        refusal = say("sender_not_taken", rules.from, `${country} takes no name as sender: give it a number.`);
        break;
    }
  }
  if (kind === "number" && rules.numbersRegistered !== undefined) {
    const message = `${country} wants a number to be registered before it sends.`;
    advice.push(say("number_needs_registration", rules.numbersRegistered.from, message));
  }
  if (rules.optOutText !== undefined) {
    advice.push(say("opt_out_text", rules.optOutText.from, `Marketing to ${country} says how to end it, such as "Reply STOP".`));
  }
  if (rules.marketingHours !== undefined) {
    const { start, end, note, from } = rules.marketingHours;
    const message = `Marketing to ${country} goes out between ${start} and ${end} by the recipient's clock.`;
    advice.push(say("marketing_hours", from, note === undefined ? message : `${message} ${note}`));
  }
  return { country, rules, refusal, advice };
}
