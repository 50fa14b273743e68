/**
 * The circuit breaker of one connection, as a state machine: plain data in, plain data out.
 * Closed → (5 failures in a row, or too many in a window, or `misconfigured`) → open, 60 s → half-open, one probe
 * at a time → closed, or open again for twice as long, up to ten times as long as at first.
 */

import { longerPause, type Outcome, type Report, withRecord } from "./health-report.ts";
import { merged, type SlidingWindow, shifted, sumOf } from "./sliding-window.ts";
import type { TrackRecord } from "./track-record.ts";

export type { Outcome } from "./health-report.ts";

/** Whether a connection may be used now. */
export type Fitness =
  | { readonly kind: "fit" }
  /** Open, and its time is up: one may try. */
  | { readonly kind: "probe" }
  /** Open, half-open with a probe under way, or paused: not before `until`, milliseconds since 1970. */
  | { readonly kind: "unfit"; readonly until: number; readonly code: string; readonly reason: string };

/** Times are milliseconds since 1970. */
export interface Breaker {
  readonly state: "closed" | "open" | "half_open";
  /** Closed since, or not closed since (through all failed probes); null where it never was anything but closed. */
  readonly since: number | null;
  /** The latest time that it was told. */
  readonly at: number;
  /** Failures in a row. */
  readonly failures: number;
  readonly window: SlidingWindow;
  /** For longer than the window, and through openings: what routing goes by. Missing where nothing was counted. */
  readonly record?: TrackRecord;
  /** Openings in a row, with no good probe between them. */
  readonly openings: number;
  /** Open: until then. */
  readonly until: number;
  /** Probes that were ever granted: the number of the latest. */
  readonly probes: number;
  /** Half-open: then the prober is taken for dead. */
  readonly probeUntil: number;
  readonly pausedUntil: number;
  readonly pauseCode: string;
  /** Of the last failure; null where there was none since it closed. */
  readonly code: string | null;
  readonly reason: string | null;
  /** A failure since it opened was `misconfigured`: time alone will not mend it. */
  readonly misconfigured: boolean;
}

export const FRESH: Breaker = {
  state: "closed",
  since: null,
  at: 0,
  failures: 0,
  window: [],
  openings: 0,
  until: 0,
  probes: 0,
  probeUntil: 0,
  pausedUntil: 0,
  pauseCode: "",
  code: null,
  reason: null,
  misconfigured: false,
};

/** `openMs`: how long it is open the first time. */
export interface Moment {
  readonly now: number;
  readonly openMs: number;
}

const FAILURES_TO_OPEN = 5;
const RATE_TO_OPEN = 0.5;
const FEWEST_FOR_RATE = 20;
const MOST_GROWTH = 10;
/** Who waits for another's probe looks again after this: probes are short, and their leases are not. */
const LOOK_AGAIN_MS = 10_000;

/**
 * The breaker after what a report says. A connection that is not closed is closed by its latest probe and by nothing
 * else: answers to what was sent before it opened may still come in.
 */
export function fold(before: Breaker, report: Report, moment: Moment): Breaker {
  const { now } = moment;
  const clocked = atTime(before, now);
  const heard: Breaker = {
    ...clocked,
    window: merged(clocked.window, report.window, now),
    ...withRecord(clocked, report, now),
    failures: (report.hasOk ? 0 : clocked.failures) + report.trailing,
    code: report.code ?? clocked.code,
    reason: report.reason ?? clocked.reason,
    ...longerPause(clocked, report),
  };
  switch (clocked.state) {
    case "closed":
      return counts(clocked.failures, heard, report) ? opened(heard, report, moment) : heard;
    case "open":
      return { ...heard, misconfigured: heard.misconfigured || report.misconfigured };
    case "half_open":
      return report.probe?.n === clocked.probes
        ? probed(heard, report, report.probe.kind, moment)
        : { ...heard, misconfigured: heard.misconfigured || report.misconfigured };
  }
}

function probed(heard: Breaker, report: Report, kind: Outcome["kind"], moment: Moment): Breaker {
  switch (kind) {
    case "ok": {
      // What its isolate saw after the probe counts at once: the connection may have failed again meanwhile.
      const well = {
        ...closed(heard, moment.now),
        ...withRecord(heard, {}, moment.now),
        window: merged(report.window, [], moment.now),
        failures: report.trailing,
      };
      const heardSince = { ...well, code: report.code, reason: report.reason };
      return counts(0, heardSince, report) ? opened(heardSince, report, moment) : heardSince;
    }
    case "failed":
    case "misconfigured":
      return opened(heard, report, moment);
    case "throttled":
      return { ...heard, probeUntil: moment.now };
  }
}

/** Whether what a report adds is enough to open: never without a failure in it. */
function counts(failuresBefore: number, { window }: Breaker, report: Report): boolean {
  if (report.longest === 0) return false;
  if (report.misconfigured || Math.max(failuresBefore + report.leading, report.longest) >= FAILURES_TO_OPEN) return true;
  const { ok, failed } = sumOf(window);
  return ok + failed >= FEWEST_FOR_RATE && failed >= (ok + failed) * RATE_TO_OPEN;
}

function opened(b: Breaker, { misconfigured }: Report, { now, openMs }: Moment): Breaker {
  return {
    ...b,
    state: "open",
    since: b.state === "closed" ? now : b.since,
    openings: b.openings + 1,
    until: now + openMs * Math.min(2 ** b.openings, MOST_GROWTH),
    probeUntil: 0,
    misconfigured: b.misconfigured || misconfigured,
  };
}

/** Closed by hand, with a clean sheet. */
export function mended(before: Breaker, now: number): Breaker {
  return { ...closed(before, now), pausedUntil: 0, pauseCode: "" };
}

/** Closed with a clean sheet, but for a pause. */
function closed(before: Breaker, now: number): Breaker {
  const { at, probes, pausedUntil, pauseCode } = atTime(before, now);
  return { ...FRESH, since: now, at, probes, pausedUntil, pauseCode };
}

export function fitness(breaker: Breaker, now: number): Fitness {
  const b = now < breaker.at ? atTime(breaker, now) : breaker;
  const isPaused = b.pausedUntil > now;
  const paused = { kind: "unfit", until: b.pausedUntil, code: b.pauseCode, reason: "The provider asked for quiet." } as const;
  const broken = { code: b.code ?? "open", reason: b.reason ?? "" };
  switch (b.state) {
    case "closed":
      return isPaused ? paused : { kind: "fit" };
    case "open":
      if (b.until > now) return { kind: "unfit", until: Math.max(b.until, b.pausedUntil), ...broken };
      return isPaused ? paused : { kind: "probe" };
    case "half_open":
      if (isPaused) return paused;
      return b.probeUntil > now
        ? { kind: "unfit", until: Math.min(b.probeUntil, now + LOOK_AGAIN_MS), ...broken }
        : { kind: "probe" };
  }
}

/**
 * Grants the one probe of a breaker whose time is up: its number, or null where it is not up or another one probes.
 * A prober that says nothing for `probeMs` is taken for dead.
 */
export function startProbe(
  before: Breaker,
  now: number,
  probeMs: number,
): { readonly n: number | null; readonly breaker: Breaker } {
  const b = atTime(before, now);
  if (fitness(b, now).kind !== "probe") return { n: null, breaker: b };
  const n = b.probes + 1;
  return { n, breaker: { ...b, state: "half_open", probes: n, probeUntil: now + probeMs } };
}

/** The breaker as of now. Where the clock was set back, all times go back with it: what was to last a minute lasts one. */
export function atTime(b: Breaker, now: number): Breaker {
  const backMs = b.at - now;
  if (backMs <= 0) return { ...b, at: now };
  return {
    ...b,
    at: now,
    since: b.since === null ? null : b.since - backMs,
    window: shifted(b.window, backMs),
    until: b.until - backMs,
    probeUntil: b.probeUntil - backMs,
    pausedUntil: b.pausedUntil - backMs,
  };
}

/** What happened between the two that somebody should hear of. */
export type Turn = "opened" | "reopened" | "misconfigured" | "closed";

export function turnOf(before: Breaker, after: Breaker): Turn | null {
  if (after.misconfigured && !before.misconfigured) return "misconfigured";
  if (after.state === "open" && after.openings > before.openings) return before.state === "closed" ? "opened" : "reopened";
  if (before.state !== "closed" && after.state === "closed") return "closed";
  return before.state === "half_open" && after.state === "open" ? "reopened" : null;
}

const PAUSE_WORTH_MS = 5_000;
const FAILURES_KEPT_EVERY_MS = 60_000;

/**
 * Whether `b` must be written down, where `kept` is what was. Transitions and pauses always; a run of failures once a
 * minute, so that one which is slower than the object's memory still opens; counts of a window never.
 */
export function isWorthKeeping(kept: Breaker, b: Breaker): boolean {
  if (b.state !== kept.state || b.openings !== kept.openings || b.probes !== kept.probes) return true;
  if (b.misconfigured !== kept.misconfigured || b.since !== kept.since) return true;
  if (b.pausedUntil - kept.pausedUntil >= PAUSE_WORTH_MS || (b.pausedUntil === 0 && kept.pausedUntil > 0)) return true;
  if (b.failures === 0) return kept.failures > 0;
  return b.failures !== kept.failures && b.at - kept.at >= FAILURES_KEPT_EVERY_MS;
}
