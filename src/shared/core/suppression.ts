/** Whom not to write to, and why. Pure. */
import type { Channel, Priority } from "./channels.ts";
import type { Address, Delivery, Message, MessageEvent } from "./message.ts";

/** `invalid`: there is no such number, address or token. `manual`: somebody put it on the list by hand. */
export const SUPPRESSION_REASONS = ["bounce", "complaint", "unsubscribe", "invalid", "manual"] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** In place of a tenant: what holds for everybody. */
export const EVERYBODY = "*";

/**
 * Which reason stands where a destination has several: what was put there by hand first, since no provider may
 * weaken it, and an unsubscription last, since a START takes it away.
 */
export const REASON_RANK: Readonly<Record<SuppressionReason, number>> = {
  unsubscribe: 0,
  bounce: 1,
  complaint: 1,
  invalid: 1,
  manual: 2,
};

export interface Suppression {
  readonly channel: Channel;
  /** As `suppressionKey` spells it. */
  readonly destination: string;
  readonly reason: SuppressionReason;
  /** Who said so: `provider:ses`, `key:key_…`, `operator`, `link`. */
  readonly source: string;
  readonly projectId: string | null;
  readonly messageId: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Null for ever. */
  readonly expiresAt: number | null;
}

/** One on a list. */
export interface SuppressionPlace {
  readonly channel: string;
  /** As `suppressionKey` spells it. */
  readonly destination: string;
}

/** One spelling of what is compared: mailboxes that differ in case only are one, whatever RFC 5321 allows them to be. */
export function suppressionKey(channel: Channel, destination: string): string {
  return channel === "email" ? destination.toLowerCase() : destination;
}

/** One of a destination, on the tenant's list or on everybody's. */
export interface Hold {
  readonly reason: SuppressionReason;
  readonly source: string;
  readonly isGlobal: boolean;
}

/** Whether it keeps a message of this priority from going out: `critical` is what a person needs, not what they asked for. */
export function holdsBack({ reason }: Pick<Hold, "reason">, priority: Priority): boolean {
  return !(reason === "unsubscribe" && priority === "critical");
}

/**
 * A message that is about to be planned, without the addresses that must not be written to: the next one has their turn.
 * `suppressed` where none is left.
 */
export function heldBack(message: Message, holdsOn: (address: Address) => readonly Hold[]): Message {
  if (message.status !== "queued") return message;
  const verdicts = message.deliveries.map((delivery) => ({
    delivery,
    hold: holdsOn(delivery).find((hold) => holdsBack(hold, message.priority)),
  }));
  const free = verdicts.flatMap(({ delivery, hold }) => (hold === undefined ? [delivery] : []));
  if (free.length === verdicts.length) return message;
  const at = message.updatedAt;
  const [first] = free;
  if (first === undefined) {
    const [why] = verdicts.flatMap(({ hold }) => hold ?? []);
    const event: MessageEvent = { type: "suppressed", at, key: "suppressed", code: why?.reason ?? "manual", reason: textOf(why) };
    return { ...message, status: "suppressed", log: [...message.log, event] };
  }
  const passed = verdicts.flatMap(({ delivery, hold }): MessageEvent[] =>
    hold === undefined
      ? []
      : [
          {
            type: "deferred",
            at,
            key: `suppressed:${delivery.n}`,
            code: "suppressed",
            reason: `${delivery.channel}: ${textOf(hold)}`,
          },
        ],
  );
  // The places stay as they are; who stands in them moves up.
  const deliveries = free.map((delivery, n): Delivery => {
    const { channel, destination, likelihood } = delivery;
    return { ...(message.deliveries[n] ?? delivery), channel, destination, ...(likelihood !== undefined && { likelihood }) };
  });
  return { ...message, channel: first.channel, recipient: first.destination, deliveries, log: [...message.log, ...passed] };
}

function textOf(hold: Hold | undefined): string {
  const whose = hold?.isGlobal ? "everybody's suppression list" : "the suppression list";
  return `The address is on ${whose}: ${hold?.reason}, by ${hold?.source}.`;
}
