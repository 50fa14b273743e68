/** What providers of SMS have in common. */
import { z } from "zod";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { smsSize } from "../../core/sms.ts";
import { countryOf, senderKind, smsRulesFor } from "../../core/sms-countries.ts";
import { plainOnly, tooLong } from "../supports.ts";

export type SmsEnvelope = Extract<Envelope, { readonly channel: "sms" }>;

/** A text message, or a bug: the plan gives a provider no channel that it does not carry. */
export function smsOf(envelope: Envelope, provider: string): SmsEnvelope {
  if (envelope.channel !== "sms") throw new Error(`${provider} does not carry ${envelope.channel}`);
  return envelope;
}

/** A number in E.164, a short code, or a name of up to 11 characters. */
export const smsSender = z
  .string()
  .regex(
    /^(\+[1-9]\d{3,14}|[0-9A-Za-z ]{1,11}|\d{3,8})$/,
    "A sender is a number in E.164, a short code, or up to 11 letters and digits.",
  )
  .meta({ title: "Sender" });

const MOST_COUNTRIES = 250;

/** Senders by the country that they write to. */
export function sendersByCountry<T extends z.ZodType<string>>(sender: T) {
  return z
    .record(z.string().regex(/^[A-Z]{2}$/, "A country is two capital letters, such as GB."), sender)
    .refine((all) => Object.keys(all).length <= MOST_COUNTRIES, `At most ${MOST_COUNTRIES} countries.`)
    .meta({ title: "Senders by country", description: 'Before the default: {"GB": "ACME", "US": "+15550001111"}.' });
}

interface Senders {
  readonly from?: string | undefined;
  readonly senders?: Readonly<Record<string, string>> | undefined;
}

/** The country's own sender, else the default; undefined where the provider is to choose. */
export function senderFor({ from, senders }: Senders, to: string): string | undefined {
  if (senders === undefined) return from;
  const country = countryOf(to);
  return (country === null ? undefined : senders[country]) ?? from;
}

/**
 * Why a message to this number cannot go out under this connection's sender: a name where no network takes one. It is no
 * fault of the account, which writes to other countries well, so it is left out for this destination and trips nothing.
 */
export function refuseSender(senders: Senders, to: string): FailedReceipt | null {
  const sender = senderFor(senders, to);
  if (sender === undefined || senderKind(sender) !== "alphanumeric") return null;
  const { refusal } = smsRulesFor(to, sender);
  return refusal === null ? null : { outcome: "permanent", code: refusal.code, reason: refusal.message };
}

/** Seconds, whole, within what the provider takes; undefined where the message never expires. */
export function validity({ validitySeconds: seconds }: SmsEnvelope, least: number, most: number): number | undefined {
  return seconds === undefined ? undefined : Math.min(most, Math.max(least, Math.floor(seconds)));
}

/** `+447700900123` as those providers write it that want no plus. */
export function digits(number: string): string {
  return number.replace(/^\+/, "");
}

/** A number as a provider without plus says it, in E.164; what is none stays as it came. */
export function withPlus(number: unknown): unknown {
  const text = typeof number === "number" ? String(number) : number;
  return typeof text === "string" && /^[1-9]\d{5,14}$/.test(text) ? `+${text}` : text;
}

/** Of a text: UTF-16 units, bytes of UTF-8, segments. */
interface TextLimit {
  readonly characters?: number;
  readonly bytes?: number;
  readonly segments?: number;
}

/** Why a provider with these limits carries no such content; null where it does. */
export function refuseText(envelope: Envelope, { characters, bytes, segments }: TextLimit): FailedReceipt | null {
  const plain = plainOnly(envelope);
  if (plain !== null || envelope.channel !== "sms") return plain;
  const { text } = envelope;
  if (characters !== undefined && text.length > characters) return tooLong("The text", text.length, characters);
  if (bytes !== undefined && text.length * 3 > bytes) {
    const size = new TextEncoder().encode(text).length;
    if (size > bytes)
      return { outcome: "permanent", code: "too_long", reason: `The text takes ${size} bytes, of ${bytes} at most.` };
  }
  if (segments !== undefined && text.length > segments * 67) {
    const { segments: taken } = smsSize(text);
    if (taken > segments) {
      return { outcome: "permanent", code: "too_long", reason: `The text takes ${taken} segments, of ${segments} at most.` };
    }
  }
  return null;
}
