/**
 * How a text goes out over SMS: 3GPP TS 23.038. A message carries 140 bytes: 160 characters of the GSM alphabet (seven bits
 * each, those of its extension table twice) or 70 UTF-16 units. A longer text goes in parts that each lose six bytes to a
 * header: 153 and 67. Neither an extension pair nor a surrogate pair is split between parts.
 *
 * The default alphabet only: a handset must be told of a national table, and no provider here sends with one.
 */
import type { Envelope } from "./message.ts";

export interface SmsSize {
  readonly encoding: "GSM-7" | "UCS-2";
  /** Parts that it goes in, and is charged for. */
  readonly segments: number;
  /** Septets of GSM-7, or UTF-16 units of UCS-2. */
  readonly units: number;
}

/** Segments of one text, unless a project says otherwise. */
export const DEFAULT_MAX_SEGMENTS = 10;
/** What a concatenation header can count, and so the most that a project may allow. */
export const MOST_SEGMENTS = 255;

const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€";

/** Septets of each UTF-16 unit that the GSM alphabet has. */
const SEPTETS: ReadonlyMap<number, number> = new Map([
  ...Array.from(BASIC, (character) => [character.charCodeAt(0), 1] as const),
  ...Array.from(EXTENSION, (character) => [character.charCodeAt(0), 2] as const),
]);

/** Never throws; an empty text is one segment of no units. */
export function smsSize(text: string): SmsSize {
  let units = 0;
  let segments = 1;
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const width = SEPTETS.get(text.charCodeAt(i));
    if (width === undefined) return ucs2Size(text);
    units += width;
    used += width;
    if (used > 153) {
      segments += 1;
      used = width;
    }
  }
  return { encoding: "GSM-7", segments: units <= 160 ? 1 : segments, units };
}

function ucs2Size(text: string): SmsSize {
  const units = text.length;
  if (units <= 70) return { encoding: "UCS-2", segments: 1, units };
  let segments = 1;
  let used = 0;
  for (let i = 0; i < units; i++) {
    const width = isPair(text, i) ? 2 : 1;
    if (width === 2) i += 1;
    used += width;
    if (used > 67) {
      segments += 1;
      used = width;
    }
  }
  return { encoding: "UCS-2", segments, units };
}

/** A high surrogate with its low one: a lone one is a unit like any other. */
function isPair(text: string, i: number): boolean {
  const [high, low] = [text.charCodeAt(i), text.charCodeAt(i + 1)];
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/** Segments of what goes to one recipient; undefined for what is no SMS, or one whose text the provider keeps. */
export function partsOf(envelope: Envelope): number | undefined {
  return envelope.channel === "sms" && envelope.text !== "" ? smsSize(envelope.text).segments : undefined;
}

/** Why a text is not sent, in words for a person; null where it may be. */
export function tooManySegments(text: string, most: number): string | null {
  const { segments, encoding, units } = smsSize(text);
  if (segments <= most) return null;
  return `It would take ${segments} SMS segments (${units} units of ${encoding}), and at most ${most} are allowed.`;
}
