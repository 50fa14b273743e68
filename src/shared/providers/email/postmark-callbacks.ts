/**
 * Postmark's webhooks. They are not signed: Postmark recommends HTTP Basic Auth in the URL, and that is what is checked.
 * https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { isSameText } from "../signatures.ts";

const part = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9._~-]+$/, "Letters, digits and `._~-`, since it stands in a URL.");

const verification = z.strictObject({
  username: part.meta({ title: "User name", description: "As in the webhook's URL: https://user:password@…" }),
  password: part.min(16).meta({ title: "Password", format: "password" }),
});

export const postmarkCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ headers, body }, { username, password }, { now }) {
    const given = headers.get("authorization");
    if (given === null) return forged("It has no user name and password.");
    if (!(await isSameText(given, `Basic ${btoa(`${username}:${password}`)}`))) return forged("Its password is wrong.");
    return reading([signalOf(fieldsOf(parseJson(body)), now) ?? []].flat());
  },
};

type Meaning = Pick<ProviderSignal, "type" | "suppress">;

function signalOf(record: Fields, now: number): ProviderSignal | null {
  const meaning = meaningOf(record);
  const time = record.DeliveredAt ?? record.BouncedAt ?? record.ReceivedAt ?? record.ChangedAt;
  const messageId = idOf(record.MessageID);
  const unique = typeof record.ID === "number" ? record.ID : idOf(time);
  if (meaning === null || unique === null) return null;
  return {
    attemptId: attemptIn(fieldsOf(record.Metadata).attempt_id),
    providerMessageId: messageId === NO_MESSAGE ? null : messageId,
    // A hard bounce and a complaint come as a record of their own and as a change of subscription: one key for both.
    key: `${messageId}:${isTwice(meaning) ? meaning.type : `${record.RecordType}:${unique}`}`,
    ...meaning,
    at: timeOf(time, now),
    ...said({
      recipient: record.Recipient ?? record.Email,
      code: record.Type ?? record.SuppressionReason,
      reason: record.Description || record.Details || record.OriginalLink,
    }),
  };
}

/** In place of a message's id, where a change of subscription is about none. */
const NO_MESSAGE = "00000000-0000-0000-0000-000000000000";

const isTwice = ({ suppress }: Meaning) => suppress === "bounce" || suppress === "complaint";

function meaningOf(record: Fields): Meaning | null {
  switch (record.RecordType) {
    case "Delivery":
      return { type: "delivered" };
    case "Bounce":
      return bounced(record.Type);
    case "SpamComplaint":
      return { type: "complained", suppress: "complaint" };
    case "SubscriptionChange":
      return record.SuppressSending === true ? suppressed(record.SuppressionReason) : null;
    case "Open":
      return { type: "opened" };
    case "Click":
      return { type: "clicked" };
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}

/** https://postmarkapp.com/developer/api/bounce-api#bounce-types */
function bounced(type: unknown): Meaning | null {
  switch (type) {
    case "HardBounce":
    case "BadEmailAddress":
    case "ManuallyDeactivated":
    case "SpamNotification":
      return { type: "bounced", suppress: "bounce" };
    case "SpamComplaint":
      return { type: "complained", suppress: "complaint" };
    case "Unsubscribe":
      return { type: "unsubscribed", suppress: "unsubscribe" };
    case "Subscribe":
    case "AutoResponder":
    case "AddressChange":
    case "ChallengeVerification":
    case "InboundError":
      return null; // it arrived, or is about another
    case "TemplateRenderingFailed":
      return { type: "failed" };
    default: // soft, or of a kind that is new: nothing that speaks against the address
      return { type: "bounced" };
  }
}

function suppressed(reason: unknown): Meaning {
  if (reason === "HardBounce") return { type: "bounced", suppress: "bounce" };
  if (reason === "SpamComplaint") return { type: "complained", suppress: "complaint" };
  return { type: "unsubscribed", suppress: "unsubscribe" };
}
