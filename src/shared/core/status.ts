/** Message statuses. They move only forward: a late or repeated event never moves one back. */
export const STATUSES = [
  "scheduled",
  "queued",
  "processing",
  "sent",
  "delivered",
  "failed",
  "suppressed",
  "expired",
  "cancelled",
] as const;
export type Status = (typeof STATUSES)[number];

/**
 * Forward order. `delivered` stands above `failed`, since a provider that first gives up and then
 * reports delivery has delivered; the three ends that we decide ourselves stand above all.
 */
export const STATUS_RANK: Record<Status, number> = {
  scheduled: 0,
  queued: 1,
  processing: 2,
  sent: 3,
  failed: 4,
  delivered: 5,
  suppressed: 6,
  expired: 6,
  cancelled: 6,
};

export const FINAL_STATUSES: ReadonlySet<Status> = new Set(["delivered", "failed", "suppressed", "expired", "cancelled"]);

export const EVENT_TYPES = [
  "queued",
  "scheduled",
  "deferred",
  "attempted",
  "sent",
  "delivered",
  "opened",
  "clicked",
  "bounced",
  "complained",
  "unsubscribed",
  "failed",
  "suppressed",
  "expired",
  "cancelled",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

const STATUS_OF_EVENT: Partial<Record<EventType, Status>> = {
  queued: "queued",
  scheduled: "scheduled",
  sent: "sent",
  delivered: "delivered",
  opened: "delivered",
  clicked: "delivered",
  bounced: "failed",
  failed: "failed",
  suppressed: "suppressed",
  expired: "expired",
  cancelled: "cancelled",
};

/** The status that `event` leads to from `status`: the one of higher rank. */
export function fold(status: Status, event: EventType): Status {
  const next = STATUS_OF_EVENT[event];
  return next !== undefined && STATUS_RANK[next] > STATUS_RANK[status] ? next : status;
}
