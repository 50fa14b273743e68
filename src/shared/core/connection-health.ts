/** A connection's breaker as people see it. */
import { type Breaker, fitness } from "./breaker.ts";
import { merged, sumOf } from "./sliding-window.ts";

export const HEALTH_STATES = ["closed", "open", "half_open", "paused"] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** Times are milliseconds since 1970. */
export interface ConnectionHealth {
  /** `half_open`: its time is up, so one message may try. */
  readonly state: HealthState;
  /** Closed since, or not closed since; null where it never opened. */
  readonly since: number | null;
  /** Not used before this; null where it may be used now. */
  readonly until: number | null;
  /** Of the last failure or pause. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly consecutiveFailures: number;
  /** Of the last minute, as far as it was reported. */
  readonly window: { readonly ok: number; readonly failed: number };
}

export function healthOf(b: Breaker, now: number): ConnectionHealth {
  const fit = fitness(b, now);
  const base = {
    since: b.since,
    consecutiveFailures: b.failures,
    window: sumOf(merged(b.window, [], now)),
  };
  switch (fit.kind) {
    case "fit":
      return { ...base, state: "closed", until: null, code: b.code, reason: b.reason };
    case "probe":
      return { ...base, state: "half_open", until: null, code: b.code, reason: b.reason };
    case "unfit":
      return { ...base, state: stateOf(b), until: fit.until, code: fit.code, reason: fit.reason };
  }
}

function stateOf({ state }: Breaker): HealthState {
  return state === "closed" ? "paused" : state;
}
