/** What follows from one try of a delivery: its new state, what is logged, and whether it is tried again. Pure. */
import { attemptId } from "./ids.ts";
import type { Attempt, Delivery, DeliveryGuarantee, MessageEvent, Receipt } from "./message.ts";
import { nextTry, type RetryPolicy } from "./retry.ts";
import type { Status } from "./status.ts";

/** How long an unclear outcome waits for the provider's own event before the message's `delivery` option decides. */
export const IN_DOUBT_WAIT_MS = 60_000;

/** At least one: every settlement tells something. */
export type Events = readonly [MessageEvent, ...MessageEvent[]];

export interface Settlement {
  readonly delivery: Delivery;
  readonly status: Status;
  readonly events: Events;
  /** When to try again; null when this was the end. */
  readonly again: number | null;
  /** Set where the delivery is given up: the code and reason of its dead letter. */
  readonly dead: { readonly code: string; readonly reason: string } | null;
}

export interface TryInput {
  readonly messageId: string;
  readonly delivery: Delivery;
  readonly connectionId: string;
  readonly provider: string;
  /** The provider takes an idempotency key, so the same attempt may be repeated without doubling. */
  readonly idempotent: boolean;
  readonly receipt: Receipt;
  readonly startedAt: number;
  readonly now: number;
  readonly guarantee: DeliveryGuarantee;
  readonly policy: RetryPolicy;
  readonly expiresAt: number | null;
  /** In [0, 1). */
  readonly random: number;
}

/** The number of the next attempt of a delivery, from 1. */
export function nextAttempt(delivery: Delivery): number {
  return delivery.attempts.length + 1;
}

/** Settles an attempt whose answer, or lack of one, is known. */
export function settleTry(input: TryInput): Settlement {
  const { delivery, receipt, now } = input;
  const attempt = attemptOf(input);
  const tried = { ...delivery, attempts: [...delivery.attempts, attempt] };
  const event = eventOf(input, attempt);
  switch (receipt.outcome) {
    case "sent":
      return {
        delivery: { ...tried, phase: "sent" },
        status: "sent",
        events: [event("attempted", "attempted"), event("sent", "sent")],
        again: null,
        dead: null,
      };
    case "permanent":
    case "recipient_invalid":
      return giveUp(tried, [event("attempted", "attempted"), event("failed", "failed")], receipt.code, receipt.reason);
    case "unknown":
      if (!input.idempotent) return inDoubt(input, tried, event);
      return retry(input, tried, event, receipt);
    case "transient":
    case "throttled":
    case "misconfigured":
      return retry(input, tried, event, receipt);
  }

  function retry(
    { policy, expiresAt, random }: TryInput,
    after: Delivery,
    log: EventMaker,
    failed: Exclude<Receipt, { outcome: "sent" }>,
  ): Settlement {
    const again = nextTry({
      policy,
      tries: triesSinceDue(after),
      since: delivery.due_at,
      now,
      retryAfterMs: failed.retryAfterMs,
      expiresAt,
      random,
    });
    if (again === null)
      return giveUp(after, [log("attempted", "attempted"), log("failed", "failed")], failed.code, failed.reason);
    return {
      delivery: { ...after, phase: "waiting" },
      status: "queued",
      events: [log("attempted", "attempted"), log("deferred", "deferred")],
      again,
      dead: null,
    };
  }
}

/** Settles a delivery that cannot even be tried: no content, no connection. */
export function settleUntried(
  delivery: Delivery,
  failure: { readonly code: string; readonly reason: string; readonly now: number },
): Settlement {
  const { code, reason, now } = failure;
  const key = `failed:${delivery.n}:${nextAttempt(delivery)}`;
  return giveUp(delivery, [{ type: "failed", at: now, key, delivery: delivery.n, code, reason }], code, reason);
}

/** Waiting for a fault of our own to pass. */
const FAULT_WAIT_MS = 30_000;

/** Settles a delivery that met a fault of ours: it waits without using up a try, until its whole time is up. */
export function settleFault(
  delivery: Delivery,
  { now, policy, reason }: { readonly now: number; readonly policy: RetryPolicy; readonly reason: string },
): Settlement {
  const again = now + FAULT_WAIT_MS;
  if (again > delivery.due_at + policy.totalSeconds * 1000) {
    return settleUntried(delivery, { code: "internal_error", reason, now });
  }
  // One event however often it is met: the log drops a key that it has.
  const key = `fault:${delivery.n}:${nextAttempt(delivery)}`;
  return {
    delivery,
    status: "queued",
    events: [{ type: "deferred", at: now, key, delivery: delivery.n, code: "internal_error", reason }],
    again,
    dead: null,
  };
}

/**
 * Settles a delivery whose lease ran out with no outcome: somebody may have sent it. It waits for the
 * provider's own event, then (`phase` is already `unknown`) its `delivery` option decides.
 */
export function settleAbandoned(
  delivery: Delivery,
  input: { readonly now: number; readonly guarantee: DeliveryGuarantee },
): Settlement | "send_again" {
  if (delivery.phase !== "unknown") {
    const n = nextAttempt(delivery);
    return {
      delivery: { ...delivery, phase: "unknown" },
      status: "queued",
      events: [
        {
          type: "deferred",
          at: input.now,
          key: `in_doubt:${delivery.n}:${n}`,
          delivery: delivery.n,
          code: "in_doubt",
          reason: "The process that was sending it died. It may have gone out.",
        },
      ],
      again: input.now + IN_DOUBT_WAIT_MS,
      dead: null,
    };
  }
  if (input.guarantee === "at_least_once") return "send_again";
  return settleUntried(delivery, {
    code: "in_doubt",
    reason: "It may have gone out, and its delivery option is at_most_once.",
    now: input.now,
  });
}

/** Tries since the delivery was last set on its way: a replay starts afresh. */
function triesSinceDue({ attempts, due_at }: Delivery): number {
  return Math.max(1, attempts.filter((attempt) => attempt.at >= due_at).length);
}

type EventMaker = (type: MessageEvent["type"], word: string) => MessageEvent;

function inDoubt(input: TryInput, tried: Delivery, event: EventMaker): Settlement {
  const { receipt, now, guarantee } = input;
  const reason = receipt.outcome === "sent" ? "" : receipt.reason;
  if (guarantee === "at_most_once") {
    return giveUp(
      { ...tried, phase: "unknown" },
      [event("attempted", "attempted"), event("failed", "failed")],
      "in_doubt",
      reason,
      "unknown",
    );
  }
  const again = now + IN_DOUBT_WAIT_MS;
  if (triesSinceDue(tried) > input.policy.stepsSeconds.length + 2 || (input.expiresAt !== null && again >= input.expiresAt)) {
    return giveUp(tried, [event("attempted", "attempted"), event("failed", "failed")], "in_doubt", reason, "unknown");
  }
  return {
    delivery: { ...tried, phase: "unknown" },
    status: "queued",
    events: [event("attempted", "attempted"), event("deferred", "deferred")],
    again,
    dead: null,
  };
}

function giveUp(
  delivery: Delivery,
  events: Events,
  code: string,
  reason: string,
  phase: Delivery["phase"] = "failed",
): Settlement {
  return { delivery: { ...delivery, phase }, status: "failed", events, again: null, dead: { code, reason } };
}

function attemptOf({ messageId, delivery, connectionId, provider, receipt, startedAt, now }: TryInput): Attempt {
  const n = nextAttempt(delivery);
  const base = {
    id: attemptId(messageId, delivery.n, n),
    n,
    connection_id: connectionId,
    provider,
    at: startedAt,
    ms: now - startedAt,
  };
  return receipt.outcome === "sent"
    ? { ...base, outcome: "sent", provider_message_id: receipt.providerMessageId }
    : { ...base, outcome: receipt.outcome, code: receipt.code, reason: receipt.reason.slice(0, 500) };
}

function eventOf(input: TryInput, attempt: Attempt): EventMaker {
  const { receipt, delivery, now } = input;
  const why = receipt.outcome === "sent" ? {} : { code: receipt.code, reason: receipt.reason.slice(0, 200) };
  return (type, word) => ({
    type,
    at: type === "attempted" ? attempt.at : now,
    key: `${word}:${delivery.n}:${attempt.n}`,
    delivery: delivery.n,
    attempt_id: attempt.id,
    ...(type === "attempted" ? { connection_id: attempt.connection_id, provider: attempt.provider } : why),
  });
}
