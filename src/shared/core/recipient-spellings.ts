/** How a recipient that somebody searches for may have been written down. */
import type { Channel } from "./channels.ts";
import { normaliseDestination } from "./destination.ts";

/** As typed, in lower case, and as a send would have normalised it. Each once, at least one. */
export function spellingsOf(text: string, channel?: Channel): string[] {
  const typed = text.trim();
  // In a query string a plus sign means a space, and few people write %2B.
  const phone = /^ \d/.test(text) ? `+${typed}` : typed;
  const asSent = channelsOf(typed, channel).flatMap((c) => {
    const normalised = normaliseDestination(c, c === "sms" || c === "whatsapp" ? phone : typed);
    return normalised.ok ? [normalised.destination] : [];
  });
  return [...new Set([typed, typed.toLowerCase(), ...asSent])];
}

function channelsOf(typed: string, channel: Channel | undefined): Channel[] {
  if (channel !== undefined) return [channel];
  return typed.includes("@") ? ["email"] : ["sms"];
}
