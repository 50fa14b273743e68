/** Rules of routing policies: which messages they are for, and what they say. Pure. */
import type { Channel, Priority } from "./channels.ts";
import type { Strategy } from "./routing-words.ts";
import { shareOf } from "./share.ts";
import type { FailOverOutcome } from "./tenant.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Hours of a day in one time zone, `HH:MM`. `to` is exclusive; before `from` it is of the next day, and the same is a whole day. */
export interface Hours {
  readonly from: string;
  readonly to: string;
  /** IANA, such as `Europe/London`. */
  readonly timezone: string;
  /** On which `from` lies; all where it is left out. */
  readonly days?: readonly Weekday[];
}

/** All that is given must hold. */
export interface RuleWhen {
  readonly channel?: Channel;
  /** One of them; a message without a category has none of them. */
  readonly category?: readonly string[];
  readonly priority?: readonly Priority[];
  /** ISO 3166, of the recipient's phone number. */
  readonly country?: readonly string[];
  /** At least one of them. */
  readonly tags?: readonly string[];
  readonly time?: Hours;
  /** Of recipients, 0 to 100. */
  readonly percent?: number;
}

export interface Cap {
  readonly connection_id: string;
  /** Tries in a minute of the clock. */
  readonly per_minute?: number;
  /** Tries in a day, UTC. */
  readonly per_day?: number;
}

export interface RuleThen {
  /** In this order. */
  readonly connections?: readonly string[];
  /** In its place. */
  readonly strategy?: Strategy;
  /** With `weighted`: a connection's share of the messages. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Between which the strategy chooses; all of the channel where it is left out. */
  readonly among?: readonly string[];
  /** A connection that goes first for some recipients, and last for all others. */
  readonly canary?: { readonly connection_id: string; readonly percent: number };
  readonly caps?: readonly Cap[];
  /** One without room under its own limits is passed over. */
  readonly overflow?: boolean;
  /** In place of the project's. */
  readonly fail_over_on?: readonly FailOverOutcome[];
  /** No others than those that are named. */
  readonly only?: boolean;
}

/** As it is set, stored and shown. */
export interface RoutingRule {
  readonly name?: string;
  readonly when: RuleWhen;
  readonly then: RuleThen;
}

export interface RoutingPolicy {
  readonly id: string;
  /** As they are asked. */
  readonly rules: readonly RoutingRule[];
}

/** A rule from its parts. Nobody takes it for a promise, since its `then` is never a function. */
export function ruleOf(when: RuleWhen, does: RuleThen, name?: string): RoutingRule {
  // biome-ignore lint/suspicious/noThenProperty: the word of the wire, and never a function
  return { ...(name === undefined ? {} : { name }), when, then: does };
}

/** What rules look at. */
export interface RouteFacts {
  readonly channel: Channel;
  readonly category: string | null;
  readonly priority: Priority;
  readonly tags: readonly string[];
  /** ISO 3166; null for what is no phone number. */
  readonly country: string | null;
  /** Stands for the recipient where people are shared out. */
  readonly recipientHash: string;
  readonly messageId: string;
  /** Of a text that goes out in parts; 1 until it is known. */
  readonly parts: number;
}

/** The first of the conditions that does not hold; null where all of them do. */
export function missedBy(when: RuleWhen, facts: RouteFacts, policyId: string, now: number): keyof RuleWhen | null {
  if (when.channel !== undefined && when.channel !== facts.channel) return "channel";
  if (when.category !== undefined && (facts.category === null || !when.category.includes(facts.category))) return "category";
  if (when.priority !== undefined && !when.priority.includes(facts.priority)) return "priority";
  if (when.country !== undefined && (facts.country === null || !when.country.includes(facts.country))) return "country";
  if (when.tags !== undefined && !when.tags.some((tag) => facts.tags.includes(tag))) return "tags";
  if (when.time !== undefined && !isWithin(when.time, now)) return "time";
  if (when.percent !== undefined && !isAmong(when.percent, facts.recipientHash, policyId)) return "percent";
  return null;
}

/**
 * Whether the recipient is among the `percent` of a lot. The same at any time, and who is among a few of a lot is among more
 * of it too: two rules of one policy with 20 and 50 percent take a fifth, and three tenths of the rest.
 */
export function isAmong(percent: number, recipientHash: string, lot: string): boolean {
  return shareOf(lot, recipientHash) * 100 < percent;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_FORMATS = 500;

/** Throws a RangeError for a time zone that nobody knows. */
function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  if (formats.size >= MOST_FORMATS) formats.clear();
  formats.set(timezone, made);
  return made;
}

export function isTimeZone(timezone: string): boolean {
  try {
    formatOf(timezone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isWithin({ from, to, timezone, days }: Hours, now: number): boolean {
  const parts = formatOf(timezone).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((p) => p.type === type)?.value ?? "";
  const at = `${part("hour")}:${part("minute")}`;
  // en-GB writes the short names of WEEKDAYS.
  const today = WEEKDAYS.indexOf(part("weekday").toLowerCase() as Weekday);
  const isOn = (day: number) => {
    const weekday = WEEKDAYS[(day + 7) % 7];
    return days === undefined || (weekday !== undefined && days.includes(weekday));
  };
  if (from < to) return from <= at && at < to && isOn(today);
  return (at >= from && isOn(today)) || (at < to && isOn(today - 1));
}
