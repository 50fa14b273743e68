/** A token bucket. Plain data in, plain data out; time is a parameter. */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface BucketLimit {
  readonly ratePerSecond: number;
  readonly burst: number;
}

export function refill(bucket: Bucket | undefined, limit: BucketLimit, now: number): Bucket {
  if (!bucket) return { tokens: limit.burst, at: now };
  const elapsedMs = Math.max(0, now - bucket.at);
  return {
    tokens: Math.min(limit.burst, bucket.tokens + (elapsedMs / 1000) * limit.ratePerSecond),
    at: Math.max(now, bucket.at),
  };
}

/**
 * Whether `cost` tokens may be taken, and if not, in how many milliseconds. A cost above the burst is
 * let through when the bucket is full and leaves a debt: a large batch waits, it is never impossible.
 */
export function waitMs(bucket: Bucket, limit: BucketLimit, cost: number): number {
  const needed = Math.min(cost, limit.burst);
  if (bucket.tokens >= needed) return 0;
  return Math.ceil(((needed - bucket.tokens) / limit.ratePerSecond) * 1000);
}

export function take(bucket: Bucket, cost: number): Bucket {
  return { tokens: bucket.tokens - cost, at: bucket.at };
}
