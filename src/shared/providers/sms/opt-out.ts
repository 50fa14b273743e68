/**
 * What a person says by a text message to the sender: the words that providers and carriers keep to, as the whole message.
 * https://help.twilio.com/articles/223134027
 */
const STOP: ReadonlySet<string> = new Set(["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"]);

/** Whether a message says to send no more. Case, spaces around it and a full stop do not matter. */
export function asksToStop(text: string): boolean {
  return STOP.has(
    text
      .slice(0, 50)
      .trim()
      .replace(/[.!]+$/, "")
      .toLowerCase(),
  );
}
