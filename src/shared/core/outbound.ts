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

/** No more than `most` in each `ms` of the clock, counted from 1970: a minute, or a day of UTC. */
export interface Window {
  readonly ms: number;
  readonly most: number;
}

/** What may hold at a place: a routing policy's caps are windows. */
export interface PlaceLimits extends OutboundLimits {
  /** One for each `ms`. */
  readonly windows?: readonly Window[];
}

/** One place that asks for permits, such as a connection: its name and what holds there. */
export interface Place {
  /** Unique over all tenants: `connection/con_…`, `tenant/ten_…/email`, `global/email`, `cap/rtp_…/con_…`. */
  readonly name: string;
  readonly limits: PlaceLimits;
}

/** Whether a place has to be asked at all. */
export function isLimited({ rate_per_second, concurrency, windows = [] }: PlaceLimits): boolean {
  return rate_per_second !== undefined || concurrency !== undefined || windows.length > 0;
}
