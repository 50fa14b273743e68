/** When a delivery is tried again. */
export interface RetryPolicy {
  /** Delays after the first tries, seconds; afterwards each is twice the one before, up to the cap. */
  readonly stepsSeconds: readonly number[];
  readonly capSeconds: number;
  /** A delivery is given up this long after it was due, seconds. */
  readonly totalSeconds: number;
}

export const DEFAULT_RETRY: RetryPolicy = { stepsSeconds: [10, 60, 300], capSeconds: 3600, totalSeconds: 86_400 };
/** The longest that any policy may try. */
export const MAX_RETRY_SECONDS = 7 * 86_400;

/**
 * The instant of the next try, milliseconds since 1970, or `null` to give up. Full jitter: anywhere
 * between a second and the step, so that a wave of failures does not come back as a wave.
 * A provider's own Retry-After is a floor.
 */
export function nextTry(input: {
  policy: RetryPolicy;
  /** Tries made so far, at least 1. */
  tries: number;
  /** When the delivery first became due. */
  since: number;
  now: number;
  retryAfterMs?: number | undefined;
  expiresAt?: number | null | undefined;
  /** In [0, 1). */
  random: number;
}): number | null {
  const { policy, tries, since, now } = input;
  const last = policy.stepsSeconds[policy.stepsSeconds.length - 1] ?? policy.capSeconds;
  const step = policy.stepsSeconds[tries - 1] ?? last * 2 ** (tries - policy.stepsSeconds.length);
  const ceilingMs = Math.min(step, policy.capSeconds) * 1000;
  const jittered = Math.max(1000, ceilingMs * input.random);
  const at = now + Math.round(Math.max(jittered, input.retryAfterMs ?? 0));
  if (at > since + policy.totalSeconds * 1000) return null;
  if (input.expiresAt != null && at >= input.expiresAt) return null;
  return at;
}
