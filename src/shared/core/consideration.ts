/** What would become of a delivery, and what was looked at to say so. Plain data; times are milliseconds since 1970. */
import type { Channel } from "./channels.ts";
import type { Envelope } from "./message.ts";
import type { RuleVerdict } from "./routing.ts";
import type { ChosenBy } from "./routing-words.ts";
import type { SmsSize } from "./sms.ts";
import type { SmsAdvice } from "./sms-countries.ts";

/** In the order in which they are asked. */
export const GATES = [
  "schedule",
  "cancelled",
  "expired",
  "suppressed",
  "duplicate",
  "ordering",
  "turn",
  "content",
  "routing",
] as const;
export const VERDICTS = ["pass", "stop", "wait", "note"] as const;

/** One thing that a message has to get by. */
export interface GateReport {
  readonly gate: (typeof GATES)[number];
  /** Null where it is of the message as a whole. */
  readonly delivery: number | null;
  /** `note`: it cannot be said, or does not matter here. */
  readonly verdict: (typeof VERDICTS)[number];
  /** What it was judged by. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly code: string | null;
  /** One sentence for a person. */
  readonly detail: string;
}

/**
 * `probe`: its breaker is open and its time is up, so that one may try. `open`: its breaker is open, or it asked for quiet.
 * `left_out`: the rule rules it out. `cannot_carry`: not to this destination, or not such content. `broken`: it cannot be opened.
 */
export const CANDIDATE_VERDICTS = ["fit", "probe", "open", "left_out", "cannot_carry", "broken"] as const;

/** A connection of the channel, and why it is or is not the one. */
export interface SeenCandidate {
  readonly connection_id: string;
  readonly provider: string;
  readonly verdict: (typeof CANDIDATE_VERDICTS)[number];
  /** From 1, in the order in which they are tried; null for one that is not. */
  readonly place: number | null;
  readonly code: string | null;
  readonly reason: string | null;
  /** Until when it is out of use, as far as is known. */
  readonly until: number | null;
  readonly by: ChosenBy | null;
  /** In the unit of the strategy (routing-score.ts). */
  readonly score: number | null;
  readonly why: string | null;
  readonly priority: number;
  readonly success_rate: number | null;
  readonly latency_ms: number | null;
  /** Millionths of a US dollar for this message; null where no price is known. */
  readonly cost_micros: number | null;
}

export interface SmsFacts extends SmsSize {
  readonly country: string | null;
  /** Of the connection that was chosen; null where the provider picks one. */
  readonly sender: string | null;
  readonly advice: readonly SmsAdvice[];
}

export interface Consideration {
  readonly n: number;
  readonly channel: Channel;
  readonly destination: string;
  /** When it is, or would be, tried. */
  readonly at: number;
  /** `none`: there is nothing left to do. */
  readonly verdict: "go" | "wait" | "stop" | "none";
  readonly code: string | null;
  readonly reason: string | null;
  /** With `wait`: when it comes again. */
  readonly until: number | null;
  /** The connection that it goes over; null where it does not go. */
  readonly connection_id: string | null;
  readonly provider: string | null;
  /** Set where a routing policy decided. */
  readonly policy_id: string | null;
  readonly rule: number | null;
  /** Every rule that was asked; the last one decided, unless it was missed too. */
  readonly rules: readonly RuleVerdict[];
  readonly country: string | null;
  readonly candidates: readonly SeenCandidate[];
  readonly cost_micros: number | null;
  readonly sms: SmsFacts | null;
  /** What the provider would get; null where it could not be made. Files without their bytes. */
  readonly envelope: Envelope | null;
}

/** A message that was not sent. */
export interface Rehearsed {
  readonly channel: Channel;
  readonly destination: string;
  /** When it would be handed on for sending. */
  readonly at: number;
  readonly gates: readonly GateReport[];
  /** None where a gate before them stops the message. */
  readonly deliveries: readonly Consideration[];
}
