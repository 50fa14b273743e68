/**
 * The circuit breaker of one connection, as a state machine: plain data in, plain data out.
 * Closed → (5 failures in a row, or too many in a window, or `misconfigured`) → open, 60 s → half-open, one probe.
 */

/** What one attempt says about its connection. A refusal of this one message (`permanent`) says that it is well. */
export type Outcome =
  | { readonly kind: "ok" }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string }
  /** Opens at once and alerts. */
  | { readonly kind: "misconfigured"; readonly code: string; readonly reason: string }
  /** The provider asks for quiet: a pause, and no failure. */
  | { readonly kind: "throttled"; readonly code: string; readonly retryAfterMs: number };

/** Whether a connection may be used now. */
export type Fitness =
  | { readonly kind: "fit" }
  /** Open, and its time is up: one may try. */
  | { readonly kind: "probe" }
  /** Open, half-open with a probe under way, or paused: not before `until`, milliseconds since 1970. */
  | { readonly kind: "unfit"; readonly until: number; readonly code: string; readonly reason: string };
