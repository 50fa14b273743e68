/**
 * Whether an API key is being abused: it sends far more than it ever does, or half of what it sends reaches nobody.
 *
 * What is known is a tally: minute by minute, how much a key had accepted, and how many of those messages have
 * failed since. A gate keeps tallies in memory only, so they cost no row; a gate that is evicted forgets them and
 * begins anew, and until then sees less than there was, never more. That errs towards letting a key go on.
 */
import { Lru } from "./lru.ts";

export interface AbuseSettings {
  readonly enabled: boolean;
  /** A minute with more than this many times the key's own average a minute is a spike. */
  readonly rateFactor: number;
  /** The share of what a key sent within ten minutes that may fail, in percent. */
  readonly failurePercent: number;
}

export const DEFAULT_ABUSE: AbuseSettings = { enabled: true, rateFactor: 20, failurePercent: 50 };

export function abuseSettings(own: Partial<AbuseSettings> | undefined): AbuseSettings {
  return { ...DEFAULT_ABUSE, ...own };
}

/** How a key is watched by one gate, handed over with each of its requests. */
export interface Watched extends Pick<AbuseSettings, "rateFactor" | "failurePercent"> {
  /** A gate sees its share of the tenant's traffic, and is suspicious of its share of what would be too much. */
  readonly gateShards: number;
}

const MINUTE_MS = 60_000;
/** A spike has at least so many messages in its minute… */
export const SPIKE_MESSAGES = 5000;
/** …and what is usual is known for at least so long. */
export const HISTORY_MINUTES = 30;
const AVERAGE_MINUTES = 60;
export const FAILURES = 200;
export const FAILURE_MINUTES = 10;

export interface Minute {
  /** Minutes since 1970. */
  readonly minute: number;
  readonly accepted: number;
  /** Of those accepted in this minute; they may have failed later. */
  readonly failed: number;
}

export interface Tally {
  /** The minute from which on all is known. */
  readonly since: number;
  /** Ascending; none of a minute in which nothing was accepted. An hour and the minute that runs. */
  readonly minutes: readonly Minute[];
}

export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}

/** `count` more messages were accepted at `now`. A clock that steps back counts on in the newest minute. */
export function withAccepted(tally: Tally | undefined, count: number, now: number): Tally {
  const minutes = tally?.minutes ?? [];
  const last = minutes[minutes.length - 1];
  const minute = Math.max(minuteOf(now), last?.minute ?? 0);
  const since = tally?.since ?? minute;
  if (last?.minute === minute) {
    return { since, minutes: [...minutes.slice(0, -1), { ...last, accepted: last.accepted + count }] };
  }
  const kept = minutes.filter((one) => one.minute >= minute - AVERAGE_MINUTES);
  return { since, minutes: [...kept, { minute, accepted: count, failed: 0 }] };
}

/** Messages failed that were accepted at these times, milliseconds since 1970. Those of an unknown minute are not counted. */
export function withFailed(tally: Tally, acceptedAts: readonly number[]): Tally {
  const more = new Map<number, number>();
  for (const at of acceptedAts) more.set(minuteOf(at), (more.get(minuteOf(at)) ?? 0) + 1);
  return {
    since: tally.since,
    // No more can have failed than were accepted: a failure that is told twice, or from before an eviction.
    minutes: tally.minutes.map((one) => ({
      ...one,
      failed: Math.min(one.accepted, one.failed + (more.get(one.minute) ?? 0)),
    })),
  };
}

/** What a gate knows of one key. */
export interface KeyCounts {
  /** The minute since which the gate has been counting at all. */
  readonly countsSince: number;
  /** Null for a key that it has not seen since. */
  readonly tally: Tally | null;
}

/** What all gates of a tenant know together; null where none has seen the key. */
export function together(counts: readonly KeyCounts[]): Tally | null {
  const tallies = counts.flatMap(({ tally }) => (tally === null ? [] : [tally]));
  if (tallies.length === 0) return null;
  const byMinute = new Map<number, Minute>();
  for (const one of tallies.flatMap(({ minutes }) => minutes)) {
    const { accepted, failed } = byMinute.get(one.minute) ?? { accepted: 0, failed: 0 };
    byMinute.set(one.minute, { minute: one.minute, accepted: accepted + one.accepted, failed: failed + one.failed });
  }
  const firstSeen = Math.min(...tallies.map(({ since }) => since));
  return {
    // A gate that began later may have forgotten what it saw: all is known only since the youngest counts.
    since: Math.max(firstSeen, ...counts.map(({ countsSince }) => countsSince)),
    minutes: [...byMinute.values()].sort((a, b) => a.minute - b.minute),
  };
}

export type Suspicion =
  | {
      readonly reason: "rate_spike";
      readonly facts: {
        readonly messages: number;
        readonly average_per_minute: number;
        readonly rate_factor: number;
        readonly minute: string;
      };
    }
  | {
      readonly reason: "failure_spike";
      readonly facts: {
        readonly messages: number;
        readonly failed: number;
        readonly failure_percent: number;
        readonly from: string;
        readonly to: string;
      };
    };

/** What is wrong with the key at `now`, or null. With more than one gate, what a gate finds of its own is to be confirmed by all. */
export function suspicionOf(tally: Tally, watched: Watched, now: number): Suspicion | null {
  return rateSpike(tally, watched, minuteOf(now)) ?? failureSpike(tally, watched);
}

function rateSpike({ since, minutes }: Tally, { rateFactor, gateShards }: Watched, minute: number): Suspicion | null {
  const last = minutes.findLast((one) => one.minute === minute);
  if (!last || last.accepted < SPIKE_MESSAGES / gateShards) return null;
  const history = Math.min(AVERAGE_MINUTES, minute - since);
  if (history < HISTORY_MINUTES) return null;
  let before = 0;
  for (const one of minutes) if (one.minute < minute && one.minute >= minute - history) before += one.accepted;
  const average = before / history;
  if (last.accepted <= rateFactor * average) return null;
  return {
    reason: "rate_spike",
    facts: {
      messages: last.accepted,
      average_per_minute: Math.round(average * 100) / 100,
      rate_factor: rateFactor,
      minute: isoOf(minute),
    },
  };
}

/** The ten minutes in which most of what was accepted has failed since. */
function failureSpike({ minutes }: Tally, { failurePercent, gateShards }: Watched): Suspicion | null {
  let worst: { messages: number; failed: number; end: number } | null = null;
  let messages = 0;
  let failed = 0;
  let start = 0;
  for (const one of minutes) {
    messages += one.accepted;
    failed += one.failed;
    for (let first = minutes[start]; first && first.minute <= one.minute - FAILURE_MINUTES; first = minutes[++start]) {
      messages -= first.accepted;
      failed -= first.failed;
    }
    const isTooMuch = failed >= FAILURES / gateShards && failed * 100 >= failurePercent * messages;
    if (isTooMuch && failed > (worst?.failed ?? 0)) worst = { messages, failed, end: one.minute };
  }
  if (!worst) return null;
  return {
    reason: "failure_spike",
    facts: {
      messages: worst.messages,
      failed: worst.failed,
      failure_percent: Math.round((worst.failed / worst.messages) * 1000) / 10,
      from: isoOf(worst.end - FAILURE_MINUTES + 1),
      to: isoOf(worst.end + 1),
    },
  };
}

function isoOf(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString();
}

const MOST_KEYS = 1000;

interface Entry {
  readonly tally: Tally;
  readonly watched: Watched;
  /** The last minute in which a suspicion was handed on. */
  readonly suspectedIn: number | null;
}

/** The tallies of one gate: of the keys that were used last. */
export class Tallies {
  readonly #entries = new Lru<Entry>({ maxEntries: MOST_KEYS });
  readonly #countsSince: number;

  constructor(now: number) {
    this.#countsSince = minuteOf(now);
  }

  /** Counts what a key had accepted. True where that is suspicious, once a minute and key. */
  accepted(keyId: string, watched: Watched, count: number, now: number): boolean {
    const known = this.#entries.get(keyId);
    const tally = withAccepted(known?.tally, count, now);
    return this.#judge(
      keyId,
      { tally, watched, suspectedIn: known?.suspectedIn ?? null },
      rateSpike(tally, watched, minuteOf(now)),
      now,
    );
  }

  /** Counts failures of a key's messages by the times at which they were accepted. True as above. */
  failed(keyId: string, acceptedAts: readonly number[], now: number): boolean {
    const known = this.#entries.get(keyId);
    if (!known) return false;
    const tally = withFailed(known.tally, acceptedAts);
    return this.#judge(keyId, { ...known, tally }, failureSpike(tally, known.watched), now);
  }

  countsOf(keyId: string): KeyCounts {
    return { countsSince: this.#countsSince, tally: this.#entries.get(keyId)?.tally ?? null };
  }

  /** The key begins anew, with no history. */
  forget(keyId: string): void {
    this.#entries.delete(keyId);
  }

  #judge(keyId: string, entry: Entry, suspicion: Suspicion | null, now: number): boolean {
    const minute = minuteOf(now);
    const isNew = suspicion !== null && entry.suspectedIn !== minute;
    this.#entries.set(keyId, isNew ? { ...entry, suspectedIn: minute } : entry);
    return isNew;
  }
}
