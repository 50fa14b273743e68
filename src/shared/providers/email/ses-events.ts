/**
 * What SES publishes of a mail: `{eventType, mail, <one object>}`, `notificationType` in those of an identity.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 */
import type { ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, idOf, itemsOf, said, timeOf } from "../signals.ts";

interface Meaning {
  readonly type: ProviderSignal["type"];
  readonly suppress?: ProviderSignal["suppress"];
  readonly at: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
  /** Those of the mail's recipients that it is about; the first one unless set. */
  readonly about?: readonly unknown[];
}

const MAX_RECIPIENTS = 50;

/** One signal for each recipient that the event names. `id`: of the notification, the same when it comes again. */
export function signalsOfEvent(event: Fields, id: string, now: number): ProviderSignal[] {
  const meaning = meaningOf(event);
  if (meaning === null) return [];
  const mail = fieldsOf(event.mail);
  const { type, suppress, at, code, reason, about = [] } = meaning;
  const recipients = about.length > 0 ? about.slice(0, MAX_RECIPIENTS) : [itemsOf(mail.destination)[0]];
  return recipients.map((one, i) => ({
    attemptId: attemptIn(itemsOf(fieldsOf(mail.tags).attempt_id)[0]),
    providerMessageId: idOf(mail.messageId),
    key: i === 0 ? id : `${id}:${i}`,
    type,
    at: timeOf(at, now),
    ...said({
      recipient: fieldsOf(one).emailAddress ?? one,
      code,
      reason: reason ?? fieldsOf(one).diagnosticCode ?? fieldsOf(one).status,
    }),
    ...(suppress === undefined ? {} : { suppress }),
  }));
}

function meaningOf(event: Fields): Meaning | null {
  switch (event.eventType ?? event.notificationType) {
    case "Send":
      return { type: "sent", at: fieldsOf(event.mail).timestamp };
    case "Delivery": {
      const delivery = fieldsOf(event.delivery);
      return { type: "delivered", at: delivery.timestamp, reason: delivery.smtpResponse, about: itemsOf(delivery.recipients) };
    }
    case "DeliveryDelay": {
      const delay = fieldsOf(event.deliveryDelay);
      return { type: "deferred", at: delay.timestamp, code: delay.delayType, about: itemsOf(delay.delayedRecipients) };
    }
    case "Bounce":
      return bounce(fieldsOf(event.bounce));
    case "Complaint":
      return complaint(fieldsOf(event.complaint));
    case "Reject":
      return { type: "failed", at: fieldsOf(event.mail).timestamp, code: "Reject", reason: fieldsOf(event.reject).reason };
    case "Rendering Failure": {
      const { errorMessage } = fieldsOf(event.failure);
      return { type: "failed", at: fieldsOf(event.mail).timestamp, code: "RenderingFailure", reason: errorMessage };
    }
    case "Open":
      return { type: "opened", at: fieldsOf(event.open).timestamp };
    case "Click":
      return { type: "clicked", at: fieldsOf(event.click).timestamp, reason: fieldsOf(event.click).link };
    case "Subscription": {
      const { timestamp, newTopicPreferences } = fieldsOf(event.subscription);
      const isAll = fieldsOf(newTopicPreferences).unsubscribeAll === true;
      return isAll ? { type: "unsubscribed", at: timestamp, suppress: "unsubscribe" } : null;
    }
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}

/** Only a permanent bounce speaks against the address; all others may pass. */
function bounce({ bounceType, bounceSubType, bouncedRecipients, timestamp }: Fields): Meaning {
  const soft = {
    type: "bounced",
    at: timestamp,
    code: `${bounceType}/${bounceSubType}`,
    about: itemsOf(bouncedRecipients),
  } as const;
  if (bounceType !== "Permanent") return soft;
  return { ...soft, suppress: bounceSubType === "UnsubscribedRecipient" ? "unsubscribe" : "bounce" };
}

function complaint(complaint: Fields): Meaning | null {
  const { complaintFeedbackType, complaintSubType, timestamp } = complaint;
  if (complaintFeedbackType === "not-spam") return null; // the opposite of one
  return {
    // On the account's suppression list: SES took the mail and never sent it.
    type: complaintSubType === "OnAccountSuppressionList" ? "bounced" : "complained",
    suppress: "complaint",
    at: timestamp,
    code: complaintSubType ?? complaintFeedbackType,
    about: itemsOf(complaint.complainedRecipients),
  };
}
