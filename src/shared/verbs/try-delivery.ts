/** One try of one delivery: from its claimed row to what has to be written. Never throws. */
import type { Outcome } from "../core/breaker.ts";
import type { Envelope, Receipt } from "../core/message.ts";
import { settleTry } from "../core/settlement.ts";
import { partsOf } from "../core/sms.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import { isIdempotent } from "./candidates.ts";
import { type Carriage, carry } from "./carry.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { hasAnother } from "./pick.ts";
import { faulty, type Ready, type Round, ready } from "./ready.ts";
import { type Tried, written } from "./tried.ts";

export async function tryDelivery(deps: DeliverDeps, row: ClaimedRow, round: Round): Promise<Tried> {
  const found = await ready(deps, row, round);
  if (found.kind !== "ready") return found;
  let carriage: Carriage;
  try {
    carriage = await carry(deps, found);
  } catch (error) {
    // Nothing was sent yet: see carry.
    return faulty(deps, round, found, found.policy, error);
  } finally {
    await found.permit.done();
  }
  return settleCarriage(deps, round, found, carriage);
}

/** What an answer comes to, for the delivery and for its connection. */
export function settleCarriage(deps: DeliverDeps, round: Round, it: Ready, { startedAt, receipt, trace }: Carriage): Tried {
  const { connectionId, provider } = it.connection;
  if (provider.kind !== "sandbox") deps.health.note(round.tenantId, connectionId, outcomeOf(receipt), deps.now() - startedAt);
  const tried = new Set([...it.tried, connectionId]);
  const now = deps.now();
  const settlement = settleTry({
    delivery: it.delivery,
    connectionId,
    provider: provider.id,
    ...(it.chosen === undefined ? {} : { route: it.chosen }),
    ...partsIn(it.envelope),
    attemptId: it.envelope.attemptId,
    idempotent: isIdempotent(it.connection),
    receipt,
    startedAt,
    now,
    guarantee: it.order.delivery ?? "at_least_once",
    policy: it.policy,
    expiresAt: it.row.expires_at,
    mayFailOver: (outcome) =>
      it.failOverOn.includes(outcome) && hasAnother(deps, { scope: it.scope, candidates: it.candidates, tried }),
    inDoubtWaitMs: deps.timing.inDoubtWaitMs,
    random: (deps.random(1)[0] ?? 0) / 256,
  });
  return written({ tenantId: round.tenantId, row: it.row, messageId: it.messageId, order: it.order, at: now }, settlement, trace);
}

function partsIn(envelope: Envelope): { readonly parts?: number } {
  const parts = partsOf(envelope);
  return parts === undefined ? {} : { parts };
}

/** What an answer says about its connection: a refusal of this one message says that it is well. */
function outcomeOf(receipt: Receipt): Outcome {
  switch (receipt.outcome) {
    case "sent":
    case "permanent":
    case "recipient_invalid":
      return { kind: "ok" };
    case "transient":
    case "unknown":
      return { kind: "failed", code: receipt.code, reason: receipt.reason };
    case "misconfigured":
      return { kind: "misconfigured", code: receipt.code, reason: receipt.reason };
    case "throttled":
      return { kind: "throttled", code: receipt.code, retryAfterMs: receipt.retryAfterMs ?? DEFAULT_PAUSE_MS };
  }
}

/** A provider that asks for quiet and does not say for how long. */
const DEFAULT_PAUSE_MS = 5000;
