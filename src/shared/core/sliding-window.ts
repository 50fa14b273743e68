/** Successes and failures of the last minute, in steps of ten seconds. Plain data; time is a parameter. */

export const WINDOW_MS = 60_000;
const STEP_MS = 10_000;

/** What came in the ten seconds that begin at `at`, milliseconds since 1970. */
export interface Step {
  readonly at: number;
  readonly ok: number;
  readonly failed: number;
}

/** Oldest first, one for each `at`. */
export type SlidingWindow = readonly Step[];

/** The window with one more of each kind that is counted. */
export function counted(
  window: SlidingWindow,
  more: { readonly ok: number; readonly failed: number },
  now: number,
): SlidingWindow {
  return merged(window, [{ at: now, ...more }], now);
}

/** Both together, without what is older than a minute. What claims to come from the future is taken as of now. */
export function merged(one: SlidingWindow, other: SlidingWindow, now: number): SlidingWindow {
  const steps = new Map<number, Step>();
  for (const step of [...one, ...other]) {
    const at = Math.floor(Math.min(step.at, now) / STEP_MS) * STEP_MS;
    if (at <= now - WINDOW_MS) continue;
    const known = steps.get(at);
    steps.set(at, { at, ok: step.ok + (known?.ok ?? 0), failed: step.failed + (known?.failed ?? 0) });
  }
  return [...steps.values()].sort((a, b) => a.at - b.at);
}

/** The same, seen by a clock that was set back by `byMs`. */
export function shifted(window: SlidingWindow, byMs: number): SlidingWindow {
  return window.map((step) => ({ ...step, at: step.at - byMs }));
}

export function sumOf(window: SlidingWindow): { readonly ok: number; readonly failed: number } {
  return window.reduce((sum, step) => ({ ok: sum.ok + step.ok, failed: sum.failed + step.failed }), { ok: 0, failed: 0 });
}
