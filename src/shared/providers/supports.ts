/** Which content a provider carries. What every provider of a channel takes is plain; the rest it has to declare (`supports`). */
import type { Envelope, FailedReceipt } from "../core/message.ts";
import type { Account, HttpProvider } from "./provider.ts";

/** Why this provider will never carry such content; null where it will. Nothing was asked. */
export function contentRefusal(
  provider: Pick<HttpProvider, "supports">,
  envelope: Envelope,
  account: Account,
): FailedReceipt | null {
  return provider.supports === undefined ? plainOnly(envelope) : provider.supports(envelope, account);
}

/** Refuses what needs a provider of its own: a template that it keeps, files that it fetches. */
export function plainOnly(envelope: Envelope): FailedReceipt | null {
  switch (envelope.channel) {
    case "email":
      return storedBy(envelope, null);
    case "sms":
      return envelope.text === "" ? unsupported("The content is a template that Twilio keeps.") : null;
    case "whatsapp":
      if (envelope.template !== undefined) return unsupported("The content is a template of WhatsApp.");
      return envelope.attachments === undefined ? null : unsupported("It takes no files.");
    case "push":
    case "inapp":
    case "chat":
      return null;
  }
}

/** Refuses a mail whose template another provider than this one keeps; null: than none. */
export function storedBy(envelope: Envelope, provider: string | null): FailedReceipt | null {
  const stored = envelope.channel === "email" ? envelope.provider_template : undefined;
  if (stored === undefined || stored.provider === provider) return null;
  return unsupported(`The template ${stored.id} is one that ${stored.provider} keeps.`);
}

export function unsupported(reason: string): FailedReceipt {
  return { outcome: "permanent", code: "unsupported_content", reason };
}

/** A text is never split: its parts would arrive apart, or not all of them. */
export function tooLong(what: string, length: number, most: number): FailedReceipt | null {
  if (length <= most) return null;
  return { outcome: "permanent", code: "too_long", reason: `${what} takes ${length} characters, of ${most} at most.` };
}
