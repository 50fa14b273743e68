/**
 * What a gate decides about a request before anything is written: rate, quota, revocation.
 * Plain data in, a verdict and the next meter out. Idempotency needs look-ups and stays in the gate.
 */
import { type Bucket, type BucketLimit, refill, take, waitMs } from "./bucket.ts";

/** The gate's counters. Written once per commit, however many requests the commit carries. */
export interface Meter {
  readonly tenant?: Bucket;
  readonly keys: Readonly<Record<string, Bucket>>;
  /** `2026-11`; `used` counts messages accepted in that month (UTC). */
  readonly month: string;
  readonly used: number;
}

export const EMPTY_METER: Meter = { keys: {}, month: "", used: 0 };

/** Limits as they apply to one gate: a tenant's budgets are already divided by its gate shards. */
export interface GateLimits {
  readonly tenant: BucketLimit;
  readonly key: BucketLimit | null;
  readonly monthlyMessages: number | null;
  readonly criticalExempt: boolean;
  /** Due messages above which the least urgent are refused (core/shedding.ts); missing: none are. */
  readonly backlogMessages?: number;
}

export interface RateState {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly resetSeconds: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly meter: Meter; readonly rate: RateState }
  | { readonly kind: "rate_limited"; readonly by: "tenant" | "key"; readonly retryAfterMs: number; readonly rate: RateState }
  | { readonly kind: "quota_exceeded"; readonly retryAfterMs: number; readonly rate: RateState };

export function admit(
  meter: Meter,
  limits: GateLimits,
  ask: { readonly keyId: string; readonly cost: number; readonly critical: boolean; readonly now: number },
): Admission {
  const { keyId, cost, now } = ask;
  const tenant = refill(meter.tenant, limits.tenant, now);
  const key = limits.key ? refill(meter.keys[keyId], limits.key, now) : undefined;
  const rate = rateState(tenant, limits.tenant);

  const month = new Date(now).toISOString().slice(0, 7);
  const used = meter.month === month ? meter.used : 0;
  if (limits.monthlyMessages !== null && used + cost > limits.monthlyMessages) {
    return { kind: "quota_exceeded", retryAfterMs: startOfNextMonth(now) - now, rate };
  }

  const exempt = ask.critical && limits.criticalExempt;
  const tenantWaitMs = exempt ? 0 : waitMs(tenant, limits.tenant, cost);
  const keyWaitMs = exempt || !key || !limits.key ? 0 : waitMs(key, limits.key, cost);
  if (tenantWaitMs > 0 || keyWaitMs > 0) {
    return tenantWaitMs >= keyWaitMs
      ? { kind: "rate_limited", by: "tenant", retryAfterMs: tenantWaitMs, rate }
      : { kind: "rate_limited", by: "key", retryAfterMs: keyWaitMs, rate };
  }

  const taken = take(tenant, cost);
  return {
    kind: "admitted",
    meter: {
      tenant: taken,
      keys: key ? { ...meter.keys, [keyId]: take(key, cost) } : meter.keys,
      month,
      used: used + cost,
    },
    rate: rateState(taken, limits.tenant),
  };
}

function rateState(bucket: Bucket, limit: BucketLimit): RateState {
  return {
    limit: limit.burst,
    windowSeconds: Math.max(1, Math.ceil(limit.burst / limit.ratePerSecond)),
    remaining: Math.max(0, Math.floor(bucket.tokens)),
    resetSeconds: Math.max(0, Math.ceil((limit.burst - bucket.tokens) / limit.ratePerSecond)),
  };
}

function startOfNextMonth(now: number): number {
  const d = new Date(now);
  return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 1);
}
