/** What a tenant may do, and how a project wants its sends handled. */
import type { AbuseSettings } from "./abuse.ts";
import type { BucketLimit } from "./bucket.ts";
import type { Channel } from "./channels.ts";
import type { Mode } from "./message.ts";
import type { OutboundByChannel } from "./outbound.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
import { DEFAULT_MAX_SEGMENTS } from "./sms.ts";
import { NO_TRACKING, type Tracking } from "./tracking.ts";
import type { UnsubscribeMode } from "./unsubscribe.ts";

export interface TenantLimits extends BucketLimit {
  /** Messages a calendar month (UTC); null for no limit. */
  readonly monthlyMessages: number | null;
  /** Whether `priority: critical` passes when the bucket is empty. */
  readonly criticalExempt: boolean;
  /** Due messages above which `low` is refused, twice as many `normal`, four times as many `high`. */
  readonly backlogMessages: number;
  /** How keys are watched, where the operator has set it; else DEFAULT_ABUSE. */
  readonly abuse?: Partial<AbuseSettings>;
  /** How fast it may send, and how many at once, over all of its connections of a channel; the operator sets them. */
  readonly outbound?: OutboundByChannel;
}

export const DEFAULT_LIMITS: TenantLimits = {
  ratePerSecond: 100,
  burst: 2000,
  monthlyMessages: null,
  criticalExempt: true,
  backlogMessages: 500_000,
};

export interface ProjectSettings {
  /** How long an idempotency key is kept, seconds: 24 h unless set, 30 days at most. */
  readonly idempotencySeconds: number;
  readonly retry: RetryPolicy;
  /** Channels whose deliveries have a policy of their own, before the project's. */
  readonly retryByChannel?: Readonly<Partial<Record<Channel, RetryPolicy>>>;
  /** After which refusals the next connection is tried at once. */
  readonly failOverOn: readonly FailOverOutcome[];
  /** What is tracked in mails, unless a send says otherwise. */
  readonly tracking: Tracking;
  /** Which mails offer to unsubscribe by one click, unless a send says otherwise. */
  readonly unsubscribe: UnsubscribeMode;
  /** Segments that one SMS may take. */
  readonly smsMaxSegments: number;
}

/** What a project may let fail over: `permanent` where another provider may know better. */
export const FAIL_OVER_OUTCOMES = ["transient", "throttled", "misconfigured", "permanent", "recipient_invalid"] as const;
export type FailOverOutcome = (typeof FAIL_OVER_OUTCOMES)[number];

export const DEFAULT_PROJECT: ProjectSettings = {
  idempotencySeconds: 86_400,
  retry: DEFAULT_RETRY,
  failOverOn: ["transient", "throttled", "misconfigured"],
  tracking: NO_TRACKING,
  unsubscribe: "marketing",
  smsMaxSegments: DEFAULT_MAX_SEGMENTS,
};
export const MAX_IDEMPOTENCY_SECONDS = 30 * 86_400;

/** Settings as they are stored: JSON of a ProjectSettings, where what is missing is as by default. */
export function parseSettings(json: string): ProjectSettings {
  return { ...DEFAULT_PROJECT, ...(JSON.parse(json) as Partial<ProjectSettings>) };
}

/** How a delivery on this channel is tried again: the channel's own policy, else the project's. */
export function retryFor(settings: ProjectSettings, channel: Channel): RetryPolicy {
  return settings.retryByChannel?.[channel] ?? settings.retry;
}

export const SCOPES = [
  "messages:send",
  "messages:read",
  "messages:manage",
  "templates:read",
  "templates:write",
  "connections:read",
  "connections:write",
  "keys:read",
  "keys:write",
  "attachments:read",
  "attachments:write",
  "dead_letters:read",
  "dead_letters:write",
  "projects:read",
  "projects:write",
  "notices:read",
  "suppressions:read",
  "suppressions:write",
  "webhooks:read",
  "webhooks:write",
  "routing:read",
  "routing:write",
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who is calling, and all that a request needs to know about them. Cached in an isolate for at most 30 s. */
export interface Caller {
  readonly keyId: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
  /** Of the key, when it was looked up. */
  readonly lastUsedAt: number | null;
  readonly keyLimit: BucketLimit | null;
  readonly limits: TenantLimits;
  readonly project: ProjectSettings;
  readonly dbShards: readonly number[];
  readonly gateShards: number;
}
