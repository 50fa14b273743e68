import type { Channel } from "./channels.ts";

/** Limits on the way out: how fast, and how many at once. Of a connection, of a tenant's channel, of a whole channel. */
export interface OutboundLimits {
  /** Messages a second; none unless set. */
  readonly rate_per_second?: number;
  /** Messages under way at the same time; none unless set. */
  readonly concurrency?: number;
}

/** A tenant's own limits, or those of the whole deployment: a channel that is not there has none. */
export type OutboundByChannel = Readonly<Partial<Record<Channel, OutboundLimits>>>;

/** What may be set. */
export const OUTBOUND_BOUNDS = {
  ratePerSecond: { min: 0.01, max: 100_000 },
  concurrency: { min: 1, max: 10_000 },
} as const;

/** One place that asks for permits, such as a connection: its name and what holds there. */
export interface Place {
  /** Unique over all tenants: `connection/con_…`, `tenant/ten_…/email`, `global/email`. */
  readonly name: string;
  readonly limits: OutboundLimits;
}

/** Whether a place has to be asked at all. */
export function isLimited(limits: OutboundLimits): boolean {
  return limits.rate_per_second !== undefined || limits.concurrency !== undefined;
}
