/**
 * One place that hands out permits, as a state machine: plain data in, plain data out, time is a parameter.
 *
 * Rate is a GCRA: all that is known of it is when the bucket is full again, so whoever remembers a time that is too
 * late has erred on the safe side. Concurrency is held by leases that end by themselves. Who is denied is told when
 * to come back, each later than the one before, at the pace of the place: a virtual queue in which nobody stands.
 * Windows are counted (window-count.ts): who meets a full one comes back when the next one opens.
 */
import type { OutboundLimits, PlaceLimits } from "./outbound.ts";
import { counted, leftOf, NO_COUNTS, openAgainMs, uncounted, type WindowCounts } from "./window-count.ts";

/** A lease that nobody gives back ends after this: its holder died. */
export const LEASE_MS = 60_000;
/** Nobody is told to wait longer. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** Until it was measured: how long a permit is held. */
const FIRST_HOLD_MS = 1000;
const LEAST_HOLD_MS = 20;
/** Weight of one measurement. */
const HOLD_WEIGHT = 1 / 8;
/** Rounding of times near 2 ** 41 ms must not cost a permit. */
const SLACK = 0.001;
/** Who meets a full window comes within this after the next one has begun. */
const MOST_SPREAD_MS = 10_000;
/** Multiples of it, less their whole part, are spread evenly over 0…1 however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

interface Held {
  readonly lease: string;
  readonly n: number;
  readonly from: number;
}

export interface LeaseState {
  /** When the bucket is full, if nobody takes from it; milliseconds since 1970. */
  readonly fullAt: number;
  /** Oldest first. */
  readonly held: readonly Held[];
  /** Permits that were promised to those who were told to come back, and whose time has not come, at `at`. */
  readonly waiting: number;
  readonly at: number;
  /** How long a lease is held, on average. */
  readonly holdMs: number;
  /** Where in the second half hour the next one goes for whom the queue has no room. */
  readonly turn: number;
  /** What was granted in each window. */
  readonly counts: WindowCounts;
}

export const FRESH_LEASES: LeaseState = {
  fullAt: 0,
  held: [],
  waiting: 0,
  at: 0,
  holdMs: FIRST_HOLD_MS,
  turn: 0,
  counts: NO_COUNTS,
};

export interface Ask {
  /** A name for what is granted, never used before. */
  readonly lease: string;
  readonly want: number;
  /** The asker waits where it is and asks again: no time is set aside for it. */
  readonly stays: boolean;
}

export interface Answer {
  readonly granted: number;
  /** When to come back for the rest; 0 where there is none. */
  readonly retryAfterMs: number;
}

export function take(old: LeaseState, limits: PlaceLimits, ask: Ask, now: number): Answer & { readonly state: LeaseState } {
  const state = aged(old, limits, now);
  const { windows = [] } = limits;
  const left = leftOf(state.counts, windows, now);
  const granted = Math.max(0, Math.min(ask.want, tokens(state, limits, now), room(state, limits), left));
  const counts = counted(state.counts, windows, { lease: ask.lease, n: granted }, now);
  const { waiting, turn, retryAfterMs } =
    granted < ask.want && granted === left
      ? whenOpen(state, openAgainMs(counts, windows, now))
      : callBack(state, limits, ask.want - granted);
  return {
    granted,
    retryAfterMs,
    state: {
      ...state,
      fullAt: spent(state, limits, granted, now),
      counts,
      held:
        granted > 0 && limits.concurrency !== undefined
          ? [...state.held, { lease: ask.lease, n: granted, from: now }]
          : state.held,
      turn,
      ...(ask.stays ? {} : { waiting }),
    },
  };
}

/**
 * Gives back `unused` permits as if they were never taken, and leaves `kept` of the lease held. A lease that has
 * ended, or that this state never knew, holds nothing.
 */
export function giveBack(
  old: LeaseState,
  limits: PlaceLimits,
  back: { readonly lease: string; readonly unused: number; readonly kept: number },
  now: number,
): LeaseState {
  const state = aged(old, limits, now);
  const one = state.held.find(({ lease }) => lease === back.lease);
  const others = state.held.flatMap((h) => (h !== one ? [h] : back.kept > 0 ? [{ ...h, n: Math.min(h.n, back.kept) }] : []));
  // Where nothing was used, nothing is learned about how long use takes.
  const learned = one && back.kept === 0 && back.unused < one.n ? Math.max(LEAST_HOLD_MS, now - one.from) : state.holdMs;
  return {
    ...state,
    held: others,
    holdMs: state.holdMs + (learned - state.holdMs) * HOLD_WEIGHT,
    fullAt: limits.rate_per_second === undefined ? state.fullAt : state.fullAt - (back.unused * 1000) / limits.rate_per_second,
    counts: uncounted(state.counts, back),
  };
}

/** When the last of what is held ends by itself; null where nothing is held. */
export function heldUntil(state: LeaseState): number | null {
  const last = state.held.at(-1);
  return last === undefined ? null : last.from + LEASE_MS;
}

/** One second's worth, at least one. */
function burstOf(ratePerSecond: number): number {
  return Math.max(1, ratePerSecond);
}

/** Whole permits in the bucket. */
function tokens(state: LeaseState, { rate_per_second: rate }: OutboundLimits, now: number): number {
  if (rate === undefined) return Number.POSITIVE_INFINITY;
  return Math.floor(burstOf(rate) - (Math.max(0, state.fullAt - now) * rate) / 1000 + SLACK);
}

function spent(state: LeaseState, { rate_per_second: rate }: OutboundLimits, n: number, now: number): number {
  return rate === undefined || n === 0 ? state.fullAt : Math.max(state.fullAt, now) + (n * 1000) / rate;
}

function room(state: LeaseState, { concurrency }: OutboundLimits): number {
  if (concurrency === undefined) return Number.POSITIVE_INFINITY;
  return concurrency - state.held.reduce((sum, { n }) => sum + n, 0);
}

/** The state as it is now: leases have ended, and part of the queue has had its turn. */
function aged(state: LeaseState, limits: OutboundLimits, now: number): LeaseState {
  const rate = limits.rate_per_second;
  const emptyUntil = rate === undefined ? 0 : now + ((burstOf(rate) + 1) * 1000) / rate;
  return {
    ...state,
    // No emptier than empty, as it would be after a change from a much slower rate.
    fullAt: Math.min(state.fullAt, rate === undefined ? state.fullAt : emptyUntil),
    held: state.held.filter(({ from }) => from + LEASE_MS > now),
    waiting: Math.max(0, state.waiting - Math.max(0, now - state.at) / slotOf(state, limits).ms),
    at: Math.max(now, state.at),
  };
}

/**
 * One permit's share of the queue's time, and for how many permits of it one asker waits: for half of what it can be
 * granted at once, since packs that come for all of it leave some behind. Those who come back are scattered by a second
 * or so, and what nobody takes while the bucket is full is lost: so one more is called than a burst has permits.
 */
function slotOf(state: LeaseState, { rate_per_second: rate, concurrency }: OutboundLimits): { ms: number; most: number } {
  const atOnce = Math.min(rate === undefined ? Infinity : Math.floor(burstOf(rate)), concurrency ?? Infinity);
  if (atOnce === Infinity) return { ms: 1, most: 1 };
  const paceMs = Math.max(rate === undefined ? 0 : 1000 / rate, concurrency === undefined ? 0 : state.holdMs / concurrency);
  return { ms: (paceMs * atOnce) / (atOnce + 1), most: Math.ceil(atOnce / 2) };
}

/** Until a full window is over, and a little later for each, so that not all come at once. */
function whenOpen(state: LeaseState, openMs: number): { waiting: number; turn: number; retryAfterMs: number } {
  const { waiting, turn } = state;
  const retryAfterMs = Math.ceil(openMs + turn * Math.min(openMs, MOST_SPREAD_MS));
  const most = (MAX_RETRY_AFTER_MS * (1 + turn)) / 2;
  return { waiting, turn: (turn + GOLDEN) % 1, retryAfterMs: Math.ceil(Math.min(retryAfterMs, most)) };
}

/** Sends those who were denied to the end of the queue, or, past its end, anywhere into the second half hour. */
function callBack(
  state: LeaseState,
  limits: OutboundLimits,
  denied: number,
): { waiting: number; turn: number; retryAfterMs: number } {
  const { waiting, turn } = state;
  if (denied === 0) return { waiting, turn, retryAfterMs: 0 };
  const slot = slotOf(state, limits);
  const last = waiting + Math.min(denied, slot.most);
  const retryAfterMs = Math.ceil(last * slot.ms);
  if (retryAfterMs <= MAX_RETRY_AFTER_MS) return { waiting: last, turn, retryAfterMs };
  return { waiting, turn: (turn + GOLDEN) % 1, retryAfterMs: Math.ceil((MAX_RETRY_AFTER_MS * (1 + turn)) / 2) };
}
