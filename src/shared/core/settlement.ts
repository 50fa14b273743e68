/** What follows from one try of a delivery: its new state, what is logged, and whether it is tried again. Pure. */
import type { Attempt, AttemptRoute, Delivery, DeliveryGuarantee, MessageEvent, Receipt } from "./message.ts";
import { nextTry, type RetryPolicy } from "./retry.ts";
import type { Status } from "./status.ts";

/** At least one: every settlement tells something. */
export type Events = readonly [MessageEvent, ...MessageEvent[]];

export interface Settlement {
  readonly delivery: Delivery;
  readonly status: Status;
  readonly events: Events;
  /** When to try again, `over` for at once over the next connection; null when this was the end. */
  readonly again: number | "over" | null;
  /** Set where the delivery is given up: the code and reason of its dead letter. */
  readonly dead: { readonly code: string; readonly reason: string } | null;
}

export type Refusal = Exclude<Receipt, { outcome: "sent" }>;

export interface TryInput {
  readonly delivery: Delivery;
  readonly connectionId: string;
  readonly provider: string;
  /** As the provider was told it. */
  readonly attemptId: string;
  /** Why it went over this connection, where a routing policy decided. */
  readonly route?: AttemptRoute;
  /** Segments of an SMS. */
  readonly parts?: number;
  /** The provider takes an idempotency key, so the same attempt may be repeated without doubling. */
  readonly idempotent: boolean;
  readonly receipt: Receipt;
  readonly startedAt: number;
  readonly now: number;
  readonly guarantee: DeliveryGuarantee;
  readonly policy: RetryPolicy;
  readonly expiresAt: number | null;
  /** Whether another connection is there to be tried at once after a refusal of this outcome. */
  readonly mayFailOver: (outcome: Refusal["outcome"]) => boolean;
  /** How long an unclear outcome waits for the provider's own event before the message's `delivery` option decides. */
  readonly inDoubtWaitMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** The number of the next attempt of a delivery, from 1. */
export function nextAttempt(delivery: Delivery): number {
  return delivery.attempts.length + 1;
}

/** Settles an attempt whose answer, or lack of one, is known. */
export function settleTry(input: TryInput): Settlement {
  const { receipt } = input;
  const attempt = attemptOf(input);
  const { waiting_for: _, ...before } = input.delivery;
  const tried: Delivery = { ...before, attempts: [...before.attempts, attempt] };
  const event = eventOf(input, attempt);
  if (receipt.outcome === "sent") {
    return {
      delivery: { ...tried, phase: "sent" },
      status: "sent",
      events: [event("attempted", "attempted"), event("sent", "sent")],
      again: null,
      dead: null,
    };
  }
  if (receipt.outcome === "unknown") return settleUnknown(input, tried, receipt, event);
  if (input.mayFailOver(receipt.outcome)) return failOver(input, tried, attempt, event);
  switch (receipt.outcome) {
    case "permanent":
    case "recipient_invalid":
      return giveUp(tried, [event("attempted", "attempted"), event("failed", "failed")], receipt.code, receipt.reason);
    case "transient":
    case "throttled":
    case "misconfigured":
      return retry(input, tried, receipt, event, "waiting");
  }
}

/** Nobody knows whether it went out: the same again where that cannot double it, else a wait for the provider's own event. */
function settleUnknown(input: TryInput, tried: Delivery, receipt: Refusal, event: EventMaker): Settlement {
  if (input.idempotent) return retry(input, tried, receipt, event, "unknown");
  const ended: Events = [event("attempted", "attempted"), event("failed", "failed")];
  if (input.guarantee === "at_most_once") return giveUp(tried, ended, "in_doubt", receipt.reason, "unknown");
  const again = input.now + input.inDoubtWaitMs;
  const outlived = input.expiresAt !== null && again >= input.expiresAt;
  if (outlived || triesSinceDue(tried) > input.policy.stepsSeconds.length + 2) {
    return giveUp(tried, ended, "in_doubt", receipt.reason, "unknown");
  }
  return {
    delivery: { ...tried, phase: "unknown" },
    status: "queued",
    events: [event("attempted", "attempted"), event("deferred", "deferred")],
    again,
    dead: null,
  };
}

function failOver(input: TryInput, tried: Delivery, attempt: Attempt, event: EventMaker): Settlement {
  const attempts = [...input.delivery.attempts, { ...attempt, failed_over: true as const }];
  return {
    delivery: { ...tried, phase: "waiting", attempts },
    status: "queued",
    events: [event("attempted", "attempted"), { ...event("deferred", "failed_over"), code: "failed_over" }],
    again: "over",
    dead: null,
  };
}

function retry(input: TryInput, after: Delivery, failed: Refusal, event: EventMaker, phase: "waiting" | "unknown"): Settlement {
  const { policy, expiresAt, random, now } = input;
  const again = nextTry({
    policy,
    tries: triesSinceDue(after),
    since: after.due_at,
    now,
    retryAfterMs: failed.retryAfterMs,
    expiresAt,
    random,
  });
  if (again === null) {
    const ended: Events = [event("attempted", "attempted"), event("failed", "failed")];
    return giveUp(after, ended, failed.code, failed.reason, phase === "unknown" ? "unknown" : "failed");
  }
  return {
    delivery: { ...after, phase },
    status: "queued",
    events: [event("attempted", "attempted"), event("deferred", "deferred")],
    again,
    dead: null,
  };
}

/** Tries since the delivery was last set on its way, where one over several connections is one: a replay starts afresh. */
function triesSinceDue({ attempts, due_at }: Delivery): number {
  return Math.max(1, attempts.filter((attempt) => attempt.at >= due_at && attempt.failed_over !== true).length);
}

export function giveUp(
  delivery: Delivery,
  events: Events,
  code: string,
  reason: string,
  phase: Delivery["phase"] = "failed",
): Settlement {
  return { delivery: { ...delivery, phase }, status: "failed", events, again: null, dead: { code, reason } };
}

type EventMaker = (type: MessageEvent["type"], word: string) => MessageEvent;

function attemptOf({ delivery, connectionId, provider, attemptId, route, parts, receipt, startedAt, now }: TryInput): Attempt {
  const base = {
    id: attemptId,
    n: nextAttempt(delivery),
    connection_id: connectionId,
    provider,
    at: startedAt,
    ms: now - startedAt,
    ...(route === undefined ? {} : { route }),
    ...(parts === undefined ? {} : { parts }),
  };
  return receipt.outcome === "sent"
    ? {
        ...base,
        outcome: "sent",
        provider_message_id: receipt.providerMessageId,
        ...(receipt.remark === undefined ? {} : { reason: receipt.remark.slice(0, 500) }),
      }
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
