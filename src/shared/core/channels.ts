/** Channels, priorities, lanes, and the queues that follow from them. */
export const CHANNELS = ["email", "sms", "push", "whatsapp", "inapp", "chat"] as const;
export type Channel = (typeof CHANNELS)[number];

export const PRIORITIES = ["critical", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Ordered: an earlier lane never waits for a later one. */
export const LANES = ["express", "standard", "bulk"] as const;
export type Lane = (typeof LANES)[number];

const LANE_OF: Record<Priority, Lane> = { critical: "express", high: "express", normal: "standard", low: "bulk" };

export function laneOf(priority: Priority): Lane {
  return LANE_OF[priority];
}

/** The queue of one channel and lane, as named in the dispatcher's wrangler.toml. */
export function sendQueue(channel: Channel, lane: Lane): string {
  return `send-${channel}-${lane}`;
}
