/** What Carillon tells a tenant about itself. Kept as rows (db/control/notices.ts), logged, and shown at `/v1/notices`. */
export const NOTICE_TYPES = [
  "connection.opened",
  "connection.closed",
  "connection.misconfigured",
  "key.suspended",
  "backlog.shedding",
  "backlog.recovered",
  "webhook.disabled",
  "callbacks.forged",
] as const;
export type NoticeType = (typeof NOTICE_TYPES)[number];

export interface Notice {
  readonly tenantId: string;
  readonly projectId: string | null;
  readonly type: NoticeType;
  /** An id, such as that of the connection or key, or the name of a lane. */
  readonly subject: string;
  /** Plain facts: codes, counts, times. No personal data, no secrets. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: number;
}
