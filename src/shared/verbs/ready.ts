/** From a claimed row to something that can be carried: content, connection, permit. Or to what stands in its way. */

import { isKnownSent, isWanted } from "../core/escalation.ts";
import { attemptId } from "../core/ids.ts";
import type { AttemptRoute, Delivery, Envelope, MessageEvent, Order, Receipt } from "../core/message.ts";
import { DEFAULT_RETRY, MAX_RETRY_SECONDS, type RetryPolicy } from "../core/retry.ts";
import type { RouteSubject } from "../core/routing-facts.ts";
import { nextAttempt, type Settlement } from "../core/settlement.ts";
import { FINAL_STATUSES, type Status } from "../core/status.ts";
import { retryFor } from "../core/tenant.ts";
import type { Tracking } from "../core/tracking.ts";
import { offersUnsubscribe, type UnsubscribeMode } from "../core/unsubscribe.ts";
import {
  endedInDoubt,
  MOST_CRASHES,
  settleAbandoned,
  settleExpired,
  settleFault,
  settleUntried,
  settleWait,
} from "../core/untried.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { ProjectScope } from "../db/scope.ts";
import { ableTo, ableToCarry, type Candidate, candidatesOf, isIdempotent, repeatable } from "./candidates.ts";
import { composeFor, type Prepared, prepare } from "./compose-for.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import type { Permit, PermitPool } from "./permit-pool.ts";
import { pick } from "./pick.ts";
import { projectSettings } from "./project-settings.ts";
import { routeOf, unrouted } from "./route.ts";
import { tracked } from "./track.ts";
import { again, nothing, skipped, type Tried, written } from "./tried.ts";
import { unsubscribeUrlOf } from "./unsubscribe.ts";

/** What the tries of one pack share. */
export interface Round {
  readonly tenantId: string;
  readonly orders: ReadonlyMap<string, Order>;
  readonly permits: PermitPool;
  /** By message id: the connections that it was tried over in this invocation. */
  readonly tried: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many deliveries each pack holds. */
  readonly packSizes: ReadonlyMap<string, number>;
  /** Whether this is the first time that the lease of these rows looks at them. */
  readonly isFirst: boolean;
  /** Of a rehearsal: what the time is taken for. What is kept in memory goes by the real one. */
  readonly clock?: () => number;
}

/** A delivery that can go. Its permit is to be given back, whatever comes of it. */
export interface Ready {
  readonly kind: "ready";
  readonly row: ClaimedRow;
  readonly messageId: string;
  readonly delivery: Delivery;
  readonly order: Order;
  readonly scope: ProjectScope;
  readonly policy: RetryPolicy;
  readonly failOverOn: readonly Receipt["outcome"][];
  readonly candidates: readonly Candidate[];
  /** Ids of connections that it was just tried over. */
  readonly tried: ReadonlySet<string>;
  readonly connection: Candidate;
  /** Why this one, where a routing policy decided. */
  readonly chosen: AttemptRoute | undefined;
  readonly permit: Extract<Permit, { kind: "granted" }>;
  readonly envelope: Envelope;
}

/** A pack that two holders died of is taken apart. */
const APART_AFTER_CLAIMS = 3;

/** Until the project's own is known, no fault of ours gives up what the project may want tried for longer. */
const MOST_PATIENT: RetryPolicy = { ...DEFAULT_RETRY, totalSeconds: MAX_RETRY_SECONDS };

const NONE: ReadonlySet<string> = new Set();

/** Never throws. */
export async function ready(deps: DeliverDeps, row: ClaimedRow, round: Round): Promise<Ready | Tried> {
  const clock = round.clock ?? deps.now;
  const now = clock();
  if (row.id === null) return nothing(row, now);
  const messageId = row.id;
  const deliveries = JSON.parse(row.deliveries) as Delivery[];
  const found = deliveries[row.delivery];
  const order = orderOf(row, round.orders);
  if (!found || isOver(row, found)) return nothing(row, now);
  // Its whole time begins with its turn.
  const delivery: Delivery = found.phase === "held" ? { ...found, phase: "waiting", due_at: now } : found;
  const settled = (settlement: Settlement) =>
    written({ tenantId: round.tenantId, row, messageId, order, at: clock() }, settlement);
  const died = hasDied(round, row);
  /** An end without a try. */
  const ended = (settlement: Settlement) => settled(died ? endedInDoubt(settlement, clock()) : settlement);
  const untried = (failure: { readonly code: string; readonly reason: string }) =>
    ended(settleUntried(delivery, { ...failure, now: clock() }));
  if (row.expires_at !== null && row.expires_at <= now) return ended(settleExpired(delivery, now));
  if (row.log !== null && !isWanted(order?.plan, deliveries, delivery.n, JSON.parse(row.log) as MessageEvent[])) {
    return skipped(row, messageId, delivery, now);
  }

  if (!order) return untried({ code: "no_order", reason: "Its order is gone." });

  const scope = { tenantId: round.tenantId, projectId: row.project_id };
  let means: Means;
  try {
    means = await meansOf(deps, scope, row, delivery, order);
  } catch (error) {
    return faulty(deps, round, { row, messageId, delivery, order }, MOST_PATIENT, error);
  }
  const { prepared, policy } = means;
  if ("code" in prepared) return untried(prepared);
  const reachable = ableTo(means.candidates, delivery.destination);
  if ("code" in reachable) return untried(reachable);

  const doubt = doubtOf(deps, round, row, delivery, reachable, order);
  if (doubt !== null) return doubt === "apart" ? again(row, clock(), true) : settled(doubt);

  try {
    // Which connection it goes over is not known yet, and only its id depends on that.
    const place = { tenantId: round.tenantId, messageId, delivery: delivery.n };
    const leave =
      delivery.channel === "email" && deps.publicUrl !== "" && offersUnsubscribe(order, row.category, means.unsubscribe);
    const unsubscribeUrl = leave ? await unsubscribeUrlOf(deps, { ...place, destination: delivery.destination }) : null;
    const composed = composeFor({ row, messageId, delivery, order, attemptId: "", now: clock(), unsubscribeUrl }, prepared);
    if (!composed.ok) return untried(composed);
    const candidates = ableToCarry(reachable, composed.envelope);
    if ("code" in candidates) return untried(candidates);
    const content = await tracked(deps, place, composed.envelope, trackingOf(order, means.tracking));
    const tried = round.tried.get(messageId) ?? NONE;
    const only = delivery.phase === "unknown" ? repeatable(candidates, delivery) : null;
    const subject = subjectOf(row, messageId, delivery, composed.envelope);
    const isRouted = only === null && row.mode !== "test"; // whatever the policies say, a test message meets the sandbox
    const route = isRouted
      ? await routeOf(deps, scope, subject, candidates, clock())
      : unrouted(only === null ? candidates : [only]);
    const picked = await pick(deps, { scope, channel: delivery.channel, route, tried, permits: round.permits });
    if (picked.kind === "none") return untried(picked);
    if (picked.kind === "wait") {
      const settlement = settleWait(delivery, picked.wait, { now: clock(), policy });
      return settlement === null ? again(row, picked.wait.until) : settled(settlement);
    }
    const { connection, permit } = picked;
    const failOverOn = route.failOverOn ?? means.failOverOn;
    const envelope = { ...content, attemptId: attemptIdFor(messageId, delivery, connection) };
    return {
      kind: "ready",
      row,
      messageId,
      delivery,
      order,
      scope,
      policy,
      failOverOn,
      candidates: route.candidates,
      tried,
      connection,
      chosen: route.choices.get(connection.connectionId),
      permit,
      envelope,
    };
  } catch (error) {
    return faulty(deps, round, { row, messageId, delivery, order }, policy, error);
  }
}

/** What routing rules look at. `envelope`: null where it is not known what the message says. */
export function subjectOf(
  row: Pick<ClaimedRow, "category" | "priority" | "tags">,
  messageId: string,
  { channel, destination }: Delivery,
  envelope: Envelope | null,
): RouteSubject {
  return {
    messageId,
    channel,
    destination,
    category: row.category,
    priority: row.priority,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    smsText: envelope?.channel === "sms" ? envelope.text : undefined,
  };
}

/** What a send says of tracking, before what its project says. */
function trackingOf({ tracking }: Order, project: Tracking): Tracking {
  return { opens: tracking?.opens ?? project.opens, clicks: tracking?.clicks ?? project.clicks };
}

interface Means {
  readonly prepared: Prepared | { readonly code: string; readonly reason: string };
  readonly candidates: readonly Candidate[];
  readonly policy: RetryPolicy;
  readonly failOverOn: readonly Receipt["outcome"][];
  readonly tracking: Tracking;
  readonly unsubscribe: UnsubscribeMode;
}

/** Throws where a store failed: that is our fault, and no fault of the message. */
async function meansOf(
  deps: DeliverDeps,
  scope: ProjectScope,
  row: ClaimedRow,
  delivery: Delivery,
  order: Order,
): Promise<Means> {
  const [prepared, candidates, settings] = await Promise.all([
    prepare(deps, scope, order, delivery.channel),
    candidatesOf(deps, scope, row.mode, delivery.channel),
    projectSettings(deps, scope),
  ]);
  const { failOverOn, tracking, unsubscribe } = settings;
  return { prepared, candidates, policy: retryFor(settings, delivery.channel), failOverOn, tracking, unsubscribe };
}

/** A fault of ours: it waits, without using up a try. */
export function faulty(
  deps: DeliverDeps,
  { tenantId }: Pick<Round, "tenantId">,
  subject: Pick<Ready, "row" | "messageId" | "delivery" | "order">,
  policy: RetryPolicy,
  error: unknown,
): Tried {
  deps.log({ level: "error", event: "delivery_faulty", message_id: subject.messageId, error: String(error) });
  const now = deps.now();
  const reason = String(error).slice(0, 200);
  const settlement = settleFault(subject.delivery, { now, policy, reason, faultWaitMs: deps.timing.faultWaitMs });
  return written({ ...subject, tenantId, at: now }, settlement);
}

/** What a delivery that somebody may have sent comes to, before it is tried at all; null where it may be tried. */
function doubtOf(
  deps: DeliverDeps,
  round: Round,
  row: ClaimedRow,
  delivery: Delivery,
  candidates: readonly Candidate[],
  order: Order,
): Settlement | "apart" | null {
  const died = hasDied(round, row);
  if (!died && delivery.phase !== "unknown") return null;
  const now = deps.now();
  if (repeatable(candidates, delivery) === null) {
    const guarantee = order.delivery ?? "at_least_once";
    const settlement = settleAbandoned(delivery, { now, guarantee, died, inDoubtWaitMs: deps.timing.inDoubtWaitMs });
    return settlement === "send_again" ? null : settlement;
  }
  if (row.claims > MOST_CRASHES) {
    const reason = `${MOST_CRASHES} processes that held it died.`;
    return settleUntried(delivery, { code: "consumer_crashed", reason, now });
  }
  return row.claims >= APART_AFTER_CLAIMS && (round.packSizes.get(row.pack) ?? 1) > 1 ? "apart" : null;
}

/**
 * Where the provider takes an idempotency key, every try over one connection says the same, so that a repeat is known
 * for one: it carries the attempt id of try 0.
 */
function attemptIdFor(messageId: string, delivery: Delivery, connection: Candidate): string {
  const same = connection.provider.kind === "http" && isIdempotent(connection);
  return attemptId(messageId, delivery.n, same ? 0 : nextAttempt(delivery));
}

/** Whoever held it before died with it, and nothing that was written since says so. */
function hasDied(round: Round, row: ClaimedRow): boolean {
  return round.isFirst && row.claims > 1;
}

/** Ended, or known to be with the provider: also by the provider's own word, while we were in doubt. */
function isOver(row: ClaimedRow, delivery: Delivery): boolean {
  if (delivery.phase === "sent" || delivery.phase === "failed" || delivery.phase === "skipped") return true;
  // The column holds what core/status.ts knows.
  const status = row.status as Status;
  if (row.log !== null) {
    // Of several deliveries, each has its own end; these three are the end of all.
    if (status === "cancelled" || status === "expired" || status === "suppressed") return true;
    return delivery.phase === "unknown" && isKnownSent(JSON.parse(row.log) as MessageEvent[], delivery.n);
  }
  if (delivery.phase === "unknown") return status === "sent" || FINAL_STATUSES.has(status);
  return FINAL_STATUSES.has(status) && status !== "failed";
}

function orderOf(row: ClaimedRow, orders: ReadonlyMap<string, Order>): Order | undefined {
  if (row.order_json !== null) return JSON.parse(row.order_json) as Order;
  return row.order_ref === null ? undefined : orders.get(row.order_ref);
}
