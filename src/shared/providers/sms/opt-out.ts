/**
 * What a person says by a text message to the sender, in the words that providers and carriers keep to, as the whole message.
 * Most providers stop and start at these words by themselves, so what we know follows them.
 * https://help.twilio.com/articles/223134027 · https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
 */
import type { ProviderSignal } from "../provider.ts";
import { said } from "../signals.ts";

export type OptOutWord = "stop" | "start";

const WORDS: ReadonlyMap<string, OptOutWord> = new Map([
  ...["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"].map((word) => [word, "stop"] as const),
  ...["start", "unstop"].map((word) => [word, "start"] as const),
]);

const LONGEST = 50;

/** Whether a message says to send no more, or to begin again. Case, spaces around it and a full stop do not matter. */
export function optOutWord(text: unknown): OptOutWord | null {
  if (typeof text !== "string" || text.length > LONGEST) return null;
  const word = text
    .trim()
    .replace(/[.!]+$/, "")
    .toLowerCase();
  return WORDS.get(word) ?? null;
}

/** The signal of such a message. It is about no attempt: `recipient` is the person who wrote. */
export function optOutSignal(
  word: OptOutWord | null,
  { key, at, recipient }: { readonly key: string; readonly at: number; readonly recipient: unknown },
): ProviderSignal | null {
  if (word === null) return null;
  const about = {
    attemptId: null,
    providerMessageId: null,
    key,
    type: "unsubscribed",
    at,
    ...said({ recipient, code: word.toUpperCase() }),
  } as const;
  return word === "stop" ? { ...about, suppress: "unsubscribe" } : { ...about, resubscribes: true };
}
