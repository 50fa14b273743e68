/**
 * Mailgun's webhooks. The signature stands inside the body and covers a timestamp and a token, not the event: whoever
 * saw one callback could say anything in its name, so a token is good once (`once`).
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { fromHex, isFresh, isHmacSha256, joined } from "../signatures.ts";

const verification = z.strictObject({ signing_key: secretKey("HTTP webhook signing key") });

export const mailgunCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ body }, { signing_key }, { now }) {
    const callback = fieldsOf(parseJson(body));
    const { timestamp, token, signature } = fieldsOf(callback.signature);
    const seconds = typeof timestamp === "number" ? String(timestamp) : timestamp;
    const given = typeof signature === "string" ? fromHex(signature) : null;
    if (typeof seconds !== "string" || typeof token !== "string" || given === null) return forged("It is not signed.");
    if (!isFresh(seconds, now)) return forged("Its timestamp is not of now.");
    const isGenuine = await isHmacSha256(joined(signing_key), given, joined(seconds, token));
    if (!isGenuine) return forged("Its signature is wrong.");
    const read = reading([signalOf(fieldsOf(callback["event-data"]), now) ?? []].flat());
    return read.kind === "signals" ? { ...read, once: token.slice(0, 100) } : read;
  },
};

type Meaning = Pick<ProviderSignal, "type" | "suppress">;

function signalOf(event: Fields, now: number): ProviderSignal | null {
  const meaning = meaningOf(event);
  const key = idOf(event.id);
  if (meaning === null || key === null) return null;
  const status = fieldsOf(event["delivery-status"]);
  return {
    attemptId: attemptIn(fieldsOf(event["user-variables"]).attempt_id),
    providerMessageId: idOf(fieldsOf(fieldsOf(event.message).headers)["message-id"]),
    key,
    ...meaning,
    at: timeOf(event.timestamp, now),
    ...said({
      recipient: event.recipient,
      code: status["enhanced-code"] || status.code || event.reason,
      reason: status.message || status.description || event.reason || event.url,
    }),
  };
}

/** Why Mailgun gave up for good, where it is not that the address bounced just now. `old`: it tried for too long. */
const GAVE_UP: ReadonlyMap<unknown, Meaning> = new Map<unknown, Meaning>([
  ["suppress-unsubscribe", { type: "bounced", suppress: "unsubscribe" }],
  ["suppress-complaint", { type: "bounced", suppress: "complaint" }],
  ["old", { type: "bounced" }],
]);

function meaningOf(event: Fields): Meaning | null {
  switch (event.event) {
    case "accepted":
      return { type: "sent" };
    case "delivered":
      return { type: "delivered" };
    case "failed":
      if (event.severity === "temporary") return { type: "deferred" };
      return event.severity === "permanent" ? (GAVE_UP.get(event.reason) ?? { type: "bounced", suppress: "bounce" }) : null;
    case "rejected":
      return { type: "failed" };
    case "complained":
      return { type: "complained", suppress: "complaint" };
    case "unsubscribed":
      return { type: "unsubscribed", suppress: "unsubscribe" };
    case "opened":
      return { type: "opened" };
    case "clicked":
      return { type: "clicked" };
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}
