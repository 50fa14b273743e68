/** From a message to what routing rules look at. */
import type { Channel, Priority } from "./channels.ts";
import type { RouteFacts } from "./routing-rule.ts";
import { hashText } from "./share.ts";
import { smsSize } from "./sms.ts";
import { countryOf } from "./sms-countries.ts";

export interface RouteSubject {
  readonly messageId: string;
  readonly channel: Channel;
  /** Normalised (core/destination.ts). */
  readonly destination: string;
  readonly category: string | null;
  readonly priority: Priority;
  readonly tags: readonly string[];
  /** What an SMS says, once it is known: it is priced by its parts. */
  readonly smsText?: string | undefined;
}

export function factsOf({ destination, smsText, ...subject }: RouteSubject): RouteFacts {
  const { channel } = subject;
  const isPhone = channel === "sms" || channel === "whatsapp";
  return {
    ...subject,
    country: isPhone ? countryOf(destination) : null,
    recipientHash: hashText(`${channel}:${destination}`),
    parts: smsText === undefined ? 1 : smsSize(smsText).segments,
  };
}
