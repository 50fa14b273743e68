/** A delivery that was given up, kept so that a person can look at it and send it on its way again. */
import type { Channel } from "./channels.ts";
import { encode32, type MessagePlace, parseMessageId } from "./ids.ts";
import type { Attempt, Delivery } from "./message.ts";

export const DEAD_LETTER_STATES = ["open", "replayed", "discarded"] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** What is asked for when a delivery is given up. Times are milliseconds since 1970. */
export interface GivenUp {
  readonly projectId: string;
  readonly messageId: string;
  /** As it stands after its last attempt. */
  readonly delivery: Delivery;
  readonly code: string;
  readonly reason: string;
  readonly at: number;
}

/** What the letter keeps of the delivery. The destination stays in the message's row alone. */
export interface DeadLetterTask {
  readonly message_id: string;
  readonly delivery: number;
  readonly phase: Delivery["phase"];
  readonly attempts: readonly Attempt[];
}

export interface DeadLetter {
  readonly id: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly messageId: string;
  readonly delivery: number;
  readonly channel: Channel;
  readonly code: string;
  readonly reason: string;
  readonly task: DeadLetterTask;
  readonly state: DeadLetterState;
  readonly createdAt: number;
  readonly resolvedAt: number | null;
}

export interface DeadLetterFilter {
  readonly state?: DeadLetterState | undefined;
  readonly channel?: Channel | undefined;
  readonly code?: string | undefined;
  /** Milliseconds since 1970, inclusive: when the delivery was given up. */
  readonly createdAfter?: number | undefined;
  /** Exclusive. */
  readonly createdBefore?: number | undefined;
}

/**
 * Made from what it is about, as an attempt's id is, so that giving up the same delivery twice makes one
 * letter, and the id finds its database: `dlt_` + 26 (message) + 2 (delivery) + 2 (attempts made, modulo 1024).
 */
export function deadLetterId(messageId: string, delivery: Delivery): string {
  return `dlt_${messageId.slice(4)}${encode32(delivery.n, 2)}${encode32(delivery.attempts.length % 1024, 2)}`;
}

/** Where the letter's message is; null for what is no letter's id. */
export function parseDeadLetterId(id: string): MessagePlace | null {
  return /^dlt_[0-9A-Z]{30}$/.test(id) ? parseMessageId(`msg_${id.slice(4, 30)}`) : null;
}
