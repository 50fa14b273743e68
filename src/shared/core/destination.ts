/** Where a message goes, in one spelling, so that dedupe, suppression and search compare equal things. */
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import type { Channel } from "./channels.ts";
import { parsePushTarget, pushTargetText } from "./push-target.ts";

export type Normalised = { readonly ok: true; readonly destination: string } | { readonly ok: false; readonly reason: string };

/** RFC 5321 lengths; the characters that addresses use in practice, quoted local parts left out on purpose. */
const EMAIL = /^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64})@([^\s@]{1,255})$/;
const DOMAIN = /^(?=.{1,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * email: the domain in lower case and punycode, the local part as it came. sms, whatsapp: E.164. push: as
 * push-target.ts says. Others: as it came, trimmed, without control characters, 1 to 4096 characters.
 */
export function normaliseDestination(channel: Channel, text: string): Normalised {
  switch (channel) {
    case "email":
      return normaliseEmail(text.trim());
    case "sms":
    case "whatsapp":
      return normalisePhone(text.trim());
    case "push":
    case "inapp":
    case "chat": {
      const destination = text.trim();
      if (destination.length === 0 || destination.length > 4096 || CONTROL.test(destination)) {
        return { ok: false, reason: "Must be 1 to 4096 characters, none of them a control character." };
      }
      return channel === "push" ? normalisePush(destination) : { ok: true, destination };
    }
  }
}

function normalisePush(text: string): Normalised {
  const target = parsePushTarget(text);
  return target.kind === "wrong" ? { ok: false, reason: target.reason } : { ok: true, destination: pushTargetText(target) };
}

function normaliseEmail(text: string): Normalised {
  const match = EMAIL.exec(text);
  const local = match?.[1];
  const domain = match?.[2] === undefined ? undefined : asciiDomain(match[2]);
  if (local === undefined || domain === undefined || local.startsWith(".") || local.endsWith(".") || local.includes("..")) {
    return { ok: false, reason: "Must be an email address such as ada@example.com." };
  }
  return { ok: true, destination: `${local}@${domain}` };
}

function asciiDomain(domain: string): string | undefined {
  const lower = domain.toLowerCase();
  if (DOMAIN.test(lower)) return lower;
  if (!/[^\u0020-\u007e]/.test(domain)) return undefined;
  try {
    const { hostname } = new URL(`http://${domain}`);
    return DOMAIN.test(hostname) ? hostname : undefined;
  } catch {
    return undefined; // not a host name in any spelling
  }
}

function normalisePhone(text: string): Normalised {
  const number = text.startsWith("+") ? parsePhoneNumberFromString(text) : undefined;
  if (!number?.isPossible()) return { ok: false, reason: "Must be a phone number in E.164 form such as +447700900123." };
  return { ok: true, destination: number.number };
}
