/**
 * What AWS End User Messaging publishes of a message, by way of an SNS topic.
 * https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html
 */
import type { ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, idOf, said, timeOf } from "../signals.ts";
import { optOutSignal, optOutWord } from "./opt-out.ts";

/** `bounced` for what may pass; `failed` for what was refused. */
const TYPES: ReadonlyMap<unknown, ProviderSignal["type"]> = new Map([
  ["TEXT_QUEUED", "sent"],
  ["TEXT_PENDING", "sent"],
  ["TEXT_SENT", "sent"],
  ["TEXT_SUCCESSFUL", "sent"],
  ["TEXT_DELIVERED", "delivered"],
  ["TEXT_INVALID", "failed"],
  ["TEXT_INVALID_MESSAGE", "failed"],
  ["TEXT_BLOCKED", "failed"],
  ["TEXT_CARRIER_BLOCKED", "failed"],
  ["TEXT_SPAM", "failed"],
  ["TEXT_PROTECT_BLOCKED", "failed"],
  ["TEXT_UNREACHABLE", "bounced"],
  ["TEXT_CARRIER_UNREACHABLE", "bounced"],
  ["TEXT_TTL_EXPIRED", "bounced"],
  ["TEXT_UNKNOWN", "bounced"],
]);

/** `id`: of the notification, the same when it comes again. */
export function signalsOfEvent(event: Fields, id: string, now: number): readonly ProviderSignal[] {
  if (typeof event.messageBody === "string") return inbound(event, id, now);
  const type = TYPES.get(event.eventType);
  if (type === undefined) return [];
  const messageId = idOf(event.messageId);
  return [
    {
      attemptId: attemptIn(fieldsOf(event.context).attempt_id),
      providerMessageId: messageId,
      // Queued, pending, sent and successful all say that AWS has it, which is one event.
      key: messageId !== null && type === "sent" ? `${messageId}:sent` : id,
      type,
      at: typeof event.eventTimestamp === "number" ? timeOf(event.eventTimestamp / 1000, now) : now,
      ...said({
        recipient: event.destinationPhoneNumber,
        code: type === "sent" || type === "delivered" ? undefined : event.eventType,
        reason: event.messageStatusDescription,
      }),
    },
  ];
}

/** What a person wrote to a number that has two-way SMS to the same topic. */
function inbound(event: Fields, id: string, now: number): readonly ProviderSignal[] {
  const signal = optOutSignal(optOutWord(event.messageBody), { key: id, at: now, recipient: event.originationNumber });
  return signal === null ? [] : [signal];
}
