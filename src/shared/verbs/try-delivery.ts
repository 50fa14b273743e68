/** One try of one delivery: from its claimed row to what has to be written. Never throws. */
import type { Signal } from "../contract/jobs.ts";
import type { Outcome } from "../core/breaker.ts";
import { type Caught, caughtOfEnvelope } from "../core/caught.ts";
import type { GivenUp } from "../core/dead-letter.ts";
import type { Delivery, Order, Receipt } from "../core/message.ts";
import { DEFAULT_RETRY, MAX_RETRY_SECONDS, type RetryPolicy } from "../core/retry.ts";
import { type Settlement, settleTry } from "../core/settlement.ts";
import { FINAL_STATUSES, type Status } from "../core/status.ts";
import { retryFor } from "../core/tenant.ts";
import { MOST_CRASHES, settleAbandoned, settleFault, settleUntried, settleWait, type Wait } from "../core/untried.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { OutcomeRow } from "../db/messages/settle.ts";
import { type Candidate, candidatesOf, repeatable } from "./candidates.ts";
import { type Carriage, carry, type DeliverDeps, type Prepared, prepare } from "./carry.ts";
import type { PermitPool } from "./permit-pool.ts";
import { hasAnother, pick } from "./pick.ts";
import { projectSettings } from "./project-settings.ts";

/** What a try leaves to write. `done` needs no further try, `again` is due at `at`, `over` goes on at once. */
export interface Tried {
  readonly kind: "done" | "again" | "over";
  readonly row: ClaimedRow;
  readonly at: number;
  /** It comes again in a pack of its own, where it can do no harm to others. */
  readonly alone: boolean;
  readonly outcome: OutcomeRow | null;
  readonly caught: Caught | null;
  readonly signals: readonly Signal[];
  readonly dead: GivenUp | null;
  /** The key whose message the provider or the recipient refused for good. */
  readonly refusedOf: string | null;
}

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
}

/** A pack that two holders died of is taken apart. */
const APART_AFTER_CLAIMS = 3;

/** Until the project's own is known, no fault of ours gives up what the project may want tried for longer. */
const MOST_PATIENT: RetryPolicy = { ...DEFAULT_RETRY, totalSeconds: MAX_RETRY_SECONDS };

export async function tryDelivery(deps: DeliverDeps, row: ClaimedRow, round: Round): Promise<Tried> {
  const now = deps.now();
  if (row.id === null) return nothing(row, now);
  const messageId = row.id;
  const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  if (!delivery || isOver(row, delivery)) return nothing(row, now);
  if (row.expires_at !== null && row.expires_at <= now) return expired(row, messageId, delivery, now);

  const order = orderOf(row, round.orders);
  const settled = (settlement: Settlement, carriage?: Carriage) =>
    written(round, row, messageId, order, settlement, deps.now(), carriage);
  if (!order) return settled(settleUntried(delivery, { code: "no_order", reason: "Its order is gone.", now }));
  const scope = { tenantId: round.tenantId, projectId: row.project_id };
  let policy = MOST_PATIENT;
  const fault = (event: string, error: unknown) => {
    deps.log({ level: "error", event, message_id: messageId, error: String(error) });
    const reason = String(error).slice(0, 200);
    return settled(settleFault(delivery, { now: deps.now(), policy, reason, faultWaitMs: deps.timing.faultWaitMs }));
  };

  let prepared: Prepared | { code: string; reason: string };
  let candidates: readonly Candidate[];
  let failOverOn: readonly Receipt["outcome"][];
  try {
    const [ready, able, settings] = await Promise.all([
      prepare(deps, scope, order),
      candidatesOf(deps, scope, row.mode, delivery.channel),
      projectSettings(deps, scope),
    ]);
    prepared = ready;
    candidates = able;
    policy = retryFor(settings, delivery.channel);
    failOverOn = settings.failOverOn;
  } catch (error) {
    return fault("delivery_not_prepared", error);
  }
  if ("code" in prepared) return settled(settleUntried(delivery, { ...prepared, now: deps.now() }));

  const inDoubt = settleDoubt(deps, round, row, delivery, candidates, order);
  if (inDoubt !== null) return inDoubt.kind === "settled" ? settled(inDoubt.settlement) : again(row, deps.now(), true);

  const waits = (wait: Wait) => {
    const settlement = settleWait(delivery, wait, { now: deps.now(), policy });
    return settlement === null ? again(row, wait.until) : settled(settlement);
  };
  const tried = round.tried.get(messageId) ?? NONE;
  try {
    const only = delivery.phase === "unknown" ? repeatable(candidates, delivery) : null;
    const picked = await pick(deps, {
      scope,
      channel: delivery.channel,
      candidates: only === null ? candidates : [only],
      tried,
      permits: round.permits,
    });
    if (picked.kind === "none") return settled(settleUntried(delivery, { ...picked, now: deps.now() }));
    if (picked.kind === "wait") return waits(picked.wait);
    const { connection, permit } = picked;
    const carriage = await carry(deps, row, messageId, delivery, order, connection, prepared).finally(permit.done);
    if ("code" in carriage) return settled(settleUntried(delivery, { ...carriage, now: deps.now() }));
    if (connection.provider.kind === "http") {
      deps.health.note(round.tenantId, connection.connectionId, outcomeOf(carriage.receipt));
    }
    const over = new Set([...tried, connection.connectionId]);
    const settlement = settleTry({
      ...carriage,
      delivery,
      now: deps.now(),
      guarantee: order.delivery ?? "at_least_once",
      policy,
      expiresAt: row.expires_at,
      mayFailOver: (outcome) => failOverOn.includes(outcome) && hasAnother(deps, { scope, candidates, tried: over }),
      inDoubtWaitMs: deps.timing.inDoubtWaitMs,
      random: (deps.random(1)[0] ?? 0) / 256,
    });
    return settled(settlement, carriage);
  } catch (error) {
    return fault("delivery_crashed", error);
  }
}

const NONE: ReadonlySet<string> = new Set();

type Doubt = { readonly kind: "settled"; readonly settlement: Settlement } | { readonly kind: "apart" };

/** What a delivery that somebody may have sent comes to, before it is tried at all; null where it may be tried. */
function settleDoubt(
  deps: DeliverDeps,
  round: Round,
  row: ClaimedRow,
  delivery: Delivery,
  candidates: readonly Candidate[],
  order: Order,
): Doubt | null {
  const died = round.isFirst && row.claims > 1;
  if (!died && delivery.phase !== "unknown") return null;
  const now = deps.now();
  if (repeatable(candidates, delivery) === null) {
    const guarantee = order.delivery ?? "at_least_once";
    const settlement = settleAbandoned(delivery, { now, guarantee, died, inDoubtWaitMs: deps.timing.inDoubtWaitMs });
    return settlement === "send_again" ? null : { kind: "settled", settlement };
  }
  if (row.claims > MOST_CRASHES) {
    const reason = `${MOST_CRASHES} processes that held it died.`;
    return { kind: "settled", settlement: settleUntried(delivery, { code: "consumer_crashed", reason, now }) };
  }
  return row.claims >= APART_AFTER_CLAIMS && (round.packSizes.get(row.pack) ?? 1) > 1 ? { kind: "apart" } : null;
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

/** Ended, or known to be with the provider: also by the provider's own word, while we were in doubt. */
function isOver(row: ClaimedRow, delivery: Delivery): boolean {
  if (delivery.phase === "sent" || delivery.phase === "failed") return true;
  // The column holds what core/status.ts knows.
  const status = row.status as Status;
  if (delivery.phase === "unknown") return status === "sent" || FINAL_STATUSES.has(status);
  return FINAL_STATUSES.has(status) && status !== "failed";
}

function orderOf(row: ClaimedRow, orders: ReadonlyMap<string, Order>): Order | undefined {
  if (row.order_json !== null) return JSON.parse(row.order_json) as Order;
  return row.order_ref === null ? undefined : orders.get(row.order_ref);
}

function untilOf(row: ClaimedRow, until: number): number {
  return row.expires_at === null ? until : Math.min(until, row.expires_at);
}

const UNWRITTEN = { outcome: null, caught: null, signals: [], dead: null, refusedOf: null } as const;

function nothing(row: ClaimedRow, at: number): Tried {
  return { kind: "done", row, at, alone: false, ...UNWRITTEN };
}

/** Nothing to record: it comes again at `at`, or when it expires. */
export function again(row: ClaimedRow, at: number, alone = false): Tried {
  return { kind: "again", row, at: untilOf(row, at), alone, ...UNWRITTEN };
}

function expired(row: ClaimedRow, messageId: string, delivery: Delivery, now: number): Tried {
  return {
    ...nothing(row, now),
    outcome: {
      messageId,
      // One that somebody may have sent stays in doubt: it is not sent any more, and that is all we know.
      delivery: { ...delivery, phase: delivery.phase === "unknown" ? "unknown" : "failed" },
      status: "expired",
      events: [{ type: "expired", at: now, key: "expired", delivery: delivery.n }],
    },
  };
}

function written(
  { tenantId }: Round,
  row: ClaimedRow,
  messageId: string,
  order: Order | undefined,
  settlement: Settlement,
  at: number,
  carriage: Carriage | undefined,
): Tried {
  const { delivery, status, events, again, dead } = settlement;
  const attempt = delivery.attempts.at(-1);
  const refused = attempt?.outcome === "permanent" || attempt?.outcome === "recipient_invalid";
  return {
    kind: again === null ? "done" : again === "over" ? "over" : "again",
    row,
    at: typeof again === "number" ? untilOf(row, again) : at,
    alone: delivery.crashes !== undefined,
    outcome: { messageId, delivery, status, events },
    caught: carriage?.caught
      ? caughtOfEnvelope(carriage.caught, { tenantId, projectId: row.project_id, sensitive: carriage.sensitive, at })
      : null,
    signals: (carriage?.signals ?? []).map((s) => ({
      message_id: messageId,
      key: `${s.type}:${attempt?.id ?? ""}`,
      type: s.type,
      at,
      delivery: delivery.n,
      ...(attempt ? { attempt_id: attempt.id, connection_id: attempt.connection_id, provider: attempt.provider } : {}),
      ...(s.reason === undefined ? {} : { reason: s.reason }),
    })),
    dead: dead === null ? null : { ...dead, projectId: row.project_id, messageId, delivery, at },
    refusedOf: dead !== null && refused && row.mode === "live" ? (order?.key_id ?? null) : null,
  };
}
