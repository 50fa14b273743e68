/**
 * How a connection has done lately: successes, failures and latency of which each counts for less the older it is, by half
 * every seven minutes (a time constant of ten). Plain data, and two of them add up, so that isolates can tell each other.
 */

const FADE_MS = 600_000;

/** Faded as of `at`, milliseconds since 1970. */
export interface TrackRecord {
  readonly at: number;
  readonly ok: number;
  readonly failed: number;
  /** Of successes whose time was taken: their sum, and how many. */
  readonly latencyMs: number;
  readonly timed: number;
}

export const NO_RECORD: TrackRecord = { at: 0, ok: 0, failed: 0, latencyMs: 0, timed: 0 };

/** What a record comes to now: fractions, since old tries count for a part of one. */
export interface Recent {
  readonly ok: number;
  readonly failed: number;
  /** Null where no success was timed. */
  readonly latencyMs: number | null;
}

export const NOTHING_RECENT: Recent = { ok: 0, failed: 0, latencyMs: null };

/** The record of one try. How long a failure took says nothing about how fast a connection is. */
export function recordOf(isOk: boolean, latencyMs: number | undefined, now: number): TrackRecord {
  const isTimed = isOk && latencyMs !== undefined;
  return {
    at: now,
    ok: isOk ? 1 : 0,
    failed: isOk ? 0 : 1,
    latencyMs: isTimed ? Math.max(0, latencyMs) : 0,
    timed: isTimed ? 1 : 0,
  };
}

/** Both together, as of now. */
export function together(one: TrackRecord, other: TrackRecord, now: number): TrackRecord {
  const [a, b] = [faded(one, now), faded(other, now)];
  return {
    at: now,
    ok: a.ok + b.ok,
    failed: a.failed + b.failed,
    latencyMs: a.latencyMs + b.latencyMs,
    timed: a.timed + b.timed,
  };
}

export function recentOf(record: TrackRecord, now: number): Recent {
  const { ok, failed, latencyMs, timed } = faded(record, now);
  return { ok, failed, latencyMs: timed > 0 ? latencyMs / timed : null };
}

/** Below this nothing is left of a record. */
const TRACE = 1e-3;

/** What claims to come from the future is taken as of now. */
function faded(record: TrackRecord, now: number): TrackRecord {
  const share = Math.exp(-Math.max(0, now - record.at) / FADE_MS);
  if ((record.ok + record.failed) * share < TRACE) return { ...NO_RECORD, at: now };
  return {
    at: now,
    ok: record.ok * share,
    failed: record.failed * share,
    latencyMs: record.latencyMs * share,
    timed: record.timed * share,
  };
}

/** What is believed of a connection before it was tried: ten tries, of which nine and a half went well, at a second each. */
const PRIOR = { tries: 10, ok: 9.5, latencyMs: 1000, timed: 2 } as const;

/** In (0, 1): the share of tries that go well, as far as one can know (additive smoothing, Laplace's rule with a hopeful prior). */
export function successRate({ ok, failed }: Recent): number {
  return (ok + PRIOR.ok) / (ok + failed + PRIOR.tries);
}

/** Milliseconds, smoothed the same way. */
export function likelyLatencyMs({ ok, latencyMs }: Recent): number {
  if (latencyMs === null) return PRIOR.latencyMs;
  return (latencyMs * ok + PRIOR.latencyMs * PRIOR.timed) / (ok + PRIOR.timed);
}
