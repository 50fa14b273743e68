/** What follows where a delivery could not be tried: no content, nobody to carry it, a fault of ours, a holder that died. Pure. */
import type { Delivery, DeliveryGuarantee, MessageEvent } from "./message.ts";
import type { RetryPolicy } from "./retry.ts";
import { giveUp, nextAttempt, type Settlement } from "./settlement.ts";

/** Settles a delivery that cannot even be tried: no content, no connection. */
export function settleUntried(
  delivery: Delivery,
  failure: { readonly code: string; readonly reason: string; readonly now: number },
): Settlement {
  const { code, reason, now } = failure;
  const key = `failed:${delivery.n}:${nextAttempt(delivery)}`;
  return giveUp(delivery, [{ type: "failed", at: now, key, delivery: delivery.n, code, reason }], code, reason);
}

/** Settles a delivery that met a fault of ours: it waits without using up a try, until its whole time is up. */
export function settleFault(
  delivery: Delivery,
  input: { readonly now: number; readonly policy: RetryPolicy; readonly reason: string; readonly faultWaitMs: number },
): Settlement {
  const { now, policy, reason } = input;
  const again = now + input.faultWaitMs;
  if (isOutOfTime(delivery, again, policy)) return settleUntried(delivery, { code: "internal_error", reason, now });
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

/** Why nobody can carry a delivery now, and when somebody may be able to. */
export interface Wait {
  readonly until: number;
  readonly code: "connections_open" | "capped" | "rate_limited" | "ordering" | "in_doubt";
  readonly reason: string;
}

/**
 * Settles a delivery that waits by plan: that is no try. Null where nothing has to be written, because the wait is
 * a short one or stands in the row already.
 */
export function settleWait(
  delivery: Delivery,
  wait: Wait,
  { now, policy }: { readonly now: number; readonly policy: RetryPolicy },
): Settlement | null {
  const { until, code, reason } = wait;
  if (isOutOfTime(delivery, until, policy)) return settleUntried(delivery, { code, reason, now });
  if ((code !== "connections_open" && code !== "capped") || delivery.waiting_for === code) return null;
  const key = `waiting:${delivery.n}:${nextAttempt(delivery)}`;
  return {
    delivery: { ...delivery, waiting_for: code },
    status: "queued",
    events: [{ type: "deferred", at: now, key, delivery: delivery.n, code, reason }],
    again: until,
    dead: null,
  };
}

/** Settles a delivery whose time is over. One that somebody may have sent stays in doubt: it is not sent any more. */
export function settleExpired(delivery: Delivery, now: number): Settlement {
  return {
    delivery: { ...delivery, phase: delivery.phase === "unknown" ? "unknown" : "failed" },
    status: "expired",
    events: [{ type: "expired", at: now, key: "expired", delivery: delivery.n }],
    again: null,
    dead: null,
  };
}

/** What is logged of a delivery whose holder died. */
function doubtEvent(delivery: Delivery, now: number, crashes: number): MessageEvent {
  return {
    type: "deferred",
    at: now,
    key: `in_doubt:${delivery.n}:${nextAttempt(delivery)}:${crashes}`,
    delivery: delivery.n,
    code: "in_doubt",
    reason: "The process that was sending it died. It may have gone out.",
  };
}

/** An end that was decided without a try, of a delivery whose last holder died: it may have gone out, and says so. */
export function endedInDoubt(settlement: Settlement, now: number): Settlement {
  const { delivery, events } = settlement;
  const crashes = (delivery.crashes ?? 0) + 1;
  return { ...settlement, delivery: { ...delivery, phase: "unknown" }, events: [doubtEvent(delivery, now, crashes), ...events] };
}

/** Holders that may die of one delivery before it is taken for poison. */
export const MOST_CRASHES = 5;

/**
 * Settles a delivery that somebody may have sent and did not say so. It waits for the provider's own event; once it
 * has waited (`phase` is `unknown`, and nobody died with it since) its `delivery` option decides.
 */
export function settleAbandoned(
  delivery: Delivery,
  input: {
    readonly now: number;
    readonly guarantee: DeliveryGuarantee;
    /** The last holder died, just now or a lease ago. */
    readonly died: boolean;
    readonly inDoubtWaitMs: number;
  },
): Settlement | "send_again" {
  const { now, died } = input;
  if (!died && delivery.phase === "unknown") {
    if (input.guarantee === "at_least_once") return "send_again";
    const reason = "It may have gone out, and its delivery option is at_most_once.";
    const settled = settleUntried(delivery, { code: "in_doubt", reason, now });
    return { ...settled, delivery: { ...settled.delivery, phase: "unknown" } };
  }
  const crashes = (delivery.crashes ?? 0) + 1;
  if (crashes > MOST_CRASHES) {
    const reason = `${MOST_CRASHES} processes that held it died.`;
    const settled = settleUntried(delivery, { code: "consumer_crashed", reason, now });
    return { ...settled, delivery: { ...settled.delivery, phase: "unknown" } };
  }
  return {
    delivery: { ...delivery, phase: "unknown", crashes },
    status: "queued",
    events: [doubtEvent(delivery, now, crashes)],
    again: now + input.inDoubtWaitMs,
    dead: null,
  };
}

function isOutOfTime(delivery: Delivery, at: number, policy: RetryPolicy): boolean {
  return at > delivery.due_at + policy.totalSeconds * 1000;
}
