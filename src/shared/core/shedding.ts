/**
 * Shedding: a tenant whose due messages pile up is refused the least urgent first, and told when to come back.
 * Pure; times in milliseconds.
 */
import { PRIORITIES, type Priority } from "./channels.ts";

/** A priority is refused above so many times the tenant's `backlogMessages`; null: never. */
const TIMES: Readonly<Record<Priority, number | null>> = { critical: null, high: 4, normal: 2, low: 1 };
const SHORTEST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;
/** What is due later than a caller would be told to wait for does not add to what waits now. */
export const SOON_MS = LONGEST_RETRY_MS;

/** Due messages above which this priority is refused. */
export function shedAbove(priority: Priority, backlogMessages: number): number {
  return (TIMES[priority] ?? Number.POSITIVE_INFINITY) * backlogMessages;
}

/** Of a request with several, the least urgent decides; null for none. */
export function leastUrgent(priorities: readonly Priority[]): Priority | null {
  return PRIORITIES.findLast((priority) => priorities.includes(priority)) ?? null;
}

/** An episode ends once the backlog has fallen under half of what began it, so that it does not flap. */
export function isRecovered(backlog: number, above: number): boolean {
  return backlog < above / 2;
}

/** When the backlog should have fallen to `above`, at the rate at which it drains. */
export function retryAfterMs(backlog: number, above: number, perSecond: number): number {
  const ms = perSecond > 0 ? ((backlog - above) / perSecond) * 1000 : LONGEST_RETRY_MS;
  return Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, Math.ceil(ms)));
}

/** How fast a backlog drains: an average over about the last ten seconds. */
export interface Drain {
  readonly perSecond: number;
  readonly at: number;
}

const MEMORY_MS = 10_000;

/** The drain after `n` more messages have left. */
export function drained(drain: Drain, n: number, now: number): Drain {
  return { perSecond: rateOf(drain, now) + n / (MEMORY_MS / 1000), at: Math.max(now, drain.at) };
}

/** Messages a second. */
export function rateOf({ perSecond, at }: Drain, now: number): number {
  return perSecond * Math.exp(-Math.max(0, now - at) / MEMORY_MS);
}
