/** Posting a callback: what follows from an endpoint's answer, and when it is tried again. Pure. */
import { encode32 } from "./ids.ts";
import { hash64 } from "./placement.ts";

export type CallbackState = "pending" | "delivered" | "failed";

/** Why a callback was given up. */
export type CallbackEnd =
  | "attempts_used_up"
  /** It answered 410. */
  | "gone"
  | "endpoint_disabled"
  | "endpoint_deleted"
  /** The address may not be posted to: private, or no URL. */
  | "address_refused"
  /** There is nothing to sign with. */
  | "no_secret";

export interface CallbackAttempt {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
  /** Null where no answer came. */
  readonly status: number | null;
  readonly error: string | null;
  /** The start of the answer's body. */
  readonly response: string | null;
}

/** What came of a post. */
export type PostAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfter: string | null; readonly body: string }
  | { readonly kind: "silent"; readonly reason: string };

/** How long it waits after the first try, and after each further one. */
export const RETRY_STEPS_MS: readonly number[] = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];
/** A wait is longer or shorter by up to this share, so that a wave of failures does not come back as a wave. */
const JITTER = 0.1;
/** An endpoint that asks for longer is asked again after this. */
const MOST_RETRY_AFTER_MS = 43_200_000;
export const POST_TIMEOUT_MS = 15_000;
const EXCERPT_CHARS = 500;
const ATTEMPTS_KEPT = 20;
/** Disabled after this long with nothing but failure. */
export const FAILING_MS = 5 * 86_400_000;
/** A callback that failed less often says nothing about days. */
export const TRIES_TO_DISABLE = 3;
export const KEPT_MS = 30 * 86_400_000;
const HTTP_GONE = 410;

/** `evt_` + 10 (time) + 2 (message database) + 14 (what makes the event unique): sorted by time, and finds its database. */
export function callbackId(at: number, dbShard: number, unique: string): string {
  return `evt_${encode32(at, 10)}${encode32(dbShard, 2)}${hash64(unique)}`;
}

/** No callback of a time before `at` has a higher id. */
export function lowestCallbackId(at: number): string {
  return `evt_${encode32(Math.max(0, at), 10)}`;
}

export interface Settled {
  readonly state: CallbackState;
  readonly reason: CallbackEnd | null;
  readonly tries: number;
  readonly attempts: readonly CallbackAttempt[];
  /** When it is tried again; null when this was the end. */
  readonly nextAt: number | null;
}

export interface Posted {
  /** Tries before this one. */
  readonly tries: number;
  readonly attempts: readonly CallbackAttempt[];
  readonly answer: PostAnswer;
  readonly startedAt: number;
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

export function settlePost({ tries: before, attempts, answer, startedAt, now, random }: Posted): Settled {
  const tries = before + 1;
  const made = { tries, attempts: [...attempts, attemptOf(answer, startedAt, now)].slice(-ATTEMPTS_KEPT) };
  if (isAccepted(answer)) return { ...made, state: "delivered", reason: null, nextAt: null };
  if (isGone(answer)) return { ...made, state: "failed", reason: "gone", nextAt: null };
  const step = RETRY_STEPS_MS[tries - 1];
  if (step === undefined) return { ...made, state: "failed", reason: "attempts_used_up", nextAt: null };
  const jittered = step * (1 - JITTER + 2 * JITTER * random);
  return { ...made, state: "pending", reason: null, nextAt: now + Math.round(Math.max(jittered, askedWaitMs(answer, now) ?? 0)) };
}

/** One that is not posted at all, and keeps what was tried before. */
export function giveUpPost(
  { tries, attempts }: Pick<Posted, "tries" | "attempts">,
  reason: Exclude<CallbackEnd, "attempts_used_up" | "gone">,
): Settled {
  return { state: "failed", reason, tries, attempts, nextAt: null };
}

export function isAccepted(answer: PostAnswer): boolean {
  return answer.kind === "answered" && answer.status >= 200 && answer.status < 300;
}

export function isGone(answer: PostAnswer): boolean {
  return answer.kind === "answered" && answer.status === HTTP_GONE;
}

export function attemptOf(answer: PostAnswer, startedAt: number, now: number): CallbackAttempt {
  const base = { at: startedAt, ms: now - startedAt };
  if (answer.kind === "silent") return { ...base, status: null, error: answer.reason.slice(0, EXCERPT_CHARS), response: null };
  const isRedirect = answer.status >= 300 && answer.status < 400;
  return {
    ...base,
    status: answer.status,
    error: isRedirect ? "A redirect is not followed." : null,
    response: answer.body.slice(0, EXCERPT_CHARS),
  };
}

/** Retry-After of an answer, seconds or a date (RFC 9110, 10.2.3), as milliseconds from now; null where it has none. */
export function askedWaitMs(answer: PostAnswer, now: number): number | null {
  if (answer.kind === "silent" || answer.retryAfter === null) return null;
  const text = answer.retryAfter.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, MOST_RETRY_AFTER_MS) : null;
}
