/** What attempts say about their connection, and what an isolate tells of them: outcomes in their order, as counts. */
import { counted, merged, type SlidingWindow } from "./sliding-window.ts";
import { recordOf, type TrackRecord, together } from "./track-record.ts";

/** What one attempt says about its connection. A refusal of this one message (`permanent`) says that it is well. */
export type Outcome =
  | { readonly kind: "ok" }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string }
  /** Opens at once and alerts. */
  | { readonly kind: "misconfigured"; readonly code: string; readonly reason: string }
  /** The provider asks for quiet: a pause, and no failure. */
  | { readonly kind: "throttled"; readonly code: string; readonly retryAfterMs: number };

/** What one isolate has seen since it last told: outcomes in their order, as counts. */
export interface Report {
  readonly window: SlidingWindow;
  /** Successes, failures and latency for longer than a window holds; missing where nothing was counted. */
  readonly record?: TrackRecord;
  readonly hasOk: boolean;
  /** Failures before the first success, or all of them. */
  readonly leading: number;
  /** Failures after the last success, or all of them. */
  readonly trailing: number;
  /** The longest run of failures. */
  readonly longest: number;
  readonly code: string | null;
  readonly reason: string | null;
  readonly misconfigured: boolean;
  readonly pausedUntil: number;
  readonly pauseCode: string;
  /** What the probe of this number came to. */
  readonly probe: { readonly n: number; readonly kind: Outcome["kind"] } | null;
}

export const NO_REPORT: Report = {
  window: [],
  hasOk: false,
  leading: 0,
  trailing: 0,
  longest: 0,
  code: null,
  reason: null,
  misconfigured: false,
  pausedUntil: 0,
  pauseCode: "",
  probe: null,
};

/** A provider that asks for longer is asked again after this. */
const MOST_PAUSE_MS = 3_600_000;
/** Characters of a code or a reason that are kept. */
const MOST_TEXT = 200;

/** The report of one outcome; `probe` is the number of the probe that it was, if it was one. */
export function reportOf(outcome: Outcome, now: number, probe: number | null, latencyMs?: number): Report {
  const base: Report = { ...NO_REPORT, probe: probe === null ? null : { n: probe, kind: outcome.kind } };
  switch (outcome.kind) {
    case "ok":
      return { ...base, window: counted([], { ok: 1, failed: 0 }, now), record: recordOf(true, latencyMs, now), hasOk: true };
    case "failed":
    case "misconfigured":
      return {
        ...base,
        window: counted([], { ok: 0, failed: 1 }, now),
        record: recordOf(false, latencyMs, now),
        leading: 1,
        trailing: 1,
        longest: 1,
        code: outcome.code.slice(0, MOST_TEXT),
        reason: withoutPeople(outcome.reason).slice(0, MOST_TEXT),
        misconfigured: outcome.kind === "misconfigured",
      };
    case "throttled":
      return { ...base, pausedUntil: now + pauseMs(outcome.retryAfterMs), pauseCode: outcome.code.slice(0, MOST_TEXT) };
  }
}

function pauseMs(retryAfterMs: number): number {
  return retryAfterMs > 0 ? Math.min(retryAfterMs, MOST_PAUSE_MS) : 0;
}

/** A provider's words may name a recipient, and are kept and shown for longer than a message's own. */
function withoutPeople(reason: string): string {
  return reason.replaceAll(/[^\s<>"'(]+@[^\s<>"')]+/g, "(address)").replaceAll(/\+\d{7,15}|\b\d{9,15}\b/g, "(number)");
}

/** One report after the other. */
export function joined(earlier: Report, later: Report, now: number): Report {
  return {
    window: merged(earlier.window, later.window, now),
    ...withRecord(earlier, later, now),
    hasOk: earlier.hasOk || later.hasOk,
    leading: earlier.hasOk ? earlier.leading : earlier.leading + later.leading,
    trailing: later.hasOk ? later.trailing : earlier.trailing + later.trailing,
    longest: Math.max(earlier.longest, later.longest, earlier.trailing + later.leading),
    code: later.code ?? earlier.code,
    reason: later.reason ?? earlier.reason,
    misconfigured: earlier.misconfigured || later.misconfigured,
    ...longerPause(earlier, later),
    probe: later.probe ?? earlier.probe,
  };
}

type Recorded = { readonly record?: TrackRecord };

/** The record of both, where there is one: to be spread over what is made of them. */
export function withRecord(one: Recorded, other: Recorded, now: number): Recorded {
  if (one.record === undefined || other.record === undefined) {
    const record = one.record ?? other.record;
    return record === undefined ? {} : { record };
  }
  return { record: together(one.record, other.record, now) };
}

type Pause = Pick<Report, "pausedUntil" | "pauseCode">;

export function longerPause(one: Pause, other: Pause): Pause {
  const { pausedUntil, pauseCode } = other.pausedUntil > one.pausedUntil ? other : one;
  return { pausedUntil, pauseCode };
}
