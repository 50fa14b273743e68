/** One try of one delivery: from its claimed row to what has to be written. Never throws. */
import type { Signal } from "../contract/jobs.ts";
import { type Caught, caughtOfEnvelope } from "../core/caught.ts";
import type { GivenUp } from "../core/dead-letter.ts";
import type { Delivery, Order } from "../core/message.ts";
import { DEFAULT_RETRY, MAX_RETRY_SECONDS, type RetryPolicy } from "../core/retry.ts";
import { type Settlement, settleAbandoned, settleFault, settleTry, settleUntried } from "../core/settlement.ts";
import { FINAL_STATUSES, type Status } from "../core/status.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { OutcomeRow } from "../db/messages/settle.ts";
import { type Carriage, carry, type DeliverDeps, isRepeatable, prepare } from "./carry.ts";
import { retryPolicy } from "./project-settings.ts";

/** What a try leaves to write. `done` needs no further try, `again` is due at `at`. */
export interface Tried {
  readonly kind: "done" | "again";
  readonly row: ClaimedRow;
  readonly at: number;
  readonly outcome: OutcomeRow | null;
  readonly caught: Caught | null;
  readonly signals: readonly Signal[];
  readonly dead: GivenUp | null;
}

/** Leases of one pack that may run out with nothing settled, before what it carries is taken for poison. */
const MOST_CLAIMS = 5;

/** Until the project's own is known, no fault of ours gives up what the project may want tried for longer. */
const MOST_PATIENT: RetryPolicy = { ...DEFAULT_RETRY, totalSeconds: MAX_RETRY_SECONDS };

export async function tryDelivery(
  deps: DeliverDeps,
  tenantId: string,
  row: ClaimedRow,
  orders: ReadonlyMap<string, Order>,
): Promise<Tried> {
  const now = deps.now();
  if (row.id === null) return nothing(row, now);
  const messageId = row.id;
  const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  if (!delivery || isOver(row, delivery)) return nothing(row, now);
  if (row.expires_at !== null && row.expires_at <= now) return expired(row, messageId, delivery, now);
  const settled = (settlement: Settlement, carriage?: Carriage) =>
    written(tenantId, row, messageId, settlement, deps.now(), carriage);

  if (row.claims > MOST_CLAIMS) {
    const reason = `${MOST_CLAIMS} processes that held it died.`;
    return settled(settleUntried(delivery, { code: "consumer_crashed", reason, now }));
  }

  const order = orderOf(row, orders);
  if (!order) return settled(settleUntried(delivery, { code: "no_order", reason: "Its order is gone.", now }));
  const guarantee = order.delivery ?? "at_least_once";
  const scope = { tenantId, projectId: row.project_id };
  let policy = MOST_PATIENT;
  const fault = (event: string, error: unknown) => {
    deps.log({ level: "error", event, message_id: messageId, error: String(error) });
    return settled(settleFault(delivery, { now: deps.now(), policy, reason: String(error).slice(0, 200) }));
  };

  let prepared: Awaited<ReturnType<typeof prepare>>;
  try {
    [prepared] = await Promise.all([
      prepare(deps, scope, row, order),
      retryPolicy(deps, scope, delivery.channel).then((known) => {
        policy = known;
      }),
    ]);
  } catch (error) {
    return fault("delivery_not_prepared", error);
  }
  if ("code" in prepared) return settled(settleUntried(delivery, { ...prepared, now: deps.now() }));

  if ((row.claims > 1 || delivery.phase === "unknown") && !isRepeatable(prepared.connection)) {
    const verdict = settleAbandoned(delivery, { now: deps.now(), guarantee });
    if (verdict !== "send_again") return settled(verdict);
  }
  try {
    const carriage = await carry(deps, row, messageId, delivery, order, prepared);
    if ("code" in carriage) return settled(settleUntried(delivery, { ...carriage, now: deps.now() }));
    const settlement = settleTry({
      ...carriage,
      messageId,
      delivery,
      now: deps.now(),
      guarantee,
      policy,
      expiresAt: row.expires_at,
      random: (deps.random(1)[0] ?? 0) / 256,
    });
    return settled(settlement, carriage);
  } catch (error) {
    return fault("delivery_crashed", error);
  }
}

/** Ended, or known to be with the provider: also by the provider's own word, while we were in doubt. */
function isOver(row: ClaimedRow, delivery: Delivery): boolean {
  if (delivery.phase === "sent" || delivery.phase === "failed") return true;
  // The column holds what core/status.ts knows.
  const status = row.status as Status;
  return (FINAL_STATUSES.has(status) && status !== "failed") || (delivery.phase === "unknown" && status === "sent");
}

function orderOf(row: ClaimedRow, orders: ReadonlyMap<string, Order>): Order | undefined {
  if (row.order_json !== null) return JSON.parse(row.order_json) as Order;
  return row.order_ref === null ? undefined : orders.get(row.order_ref);
}

function nothing(row: ClaimedRow, at: number): Tried {
  return { kind: "done", row, at, outcome: null, caught: null, signals: [], dead: null };
}

function expired(row: ClaimedRow, messageId: string, delivery: Delivery, now: number): Tried {
  return {
    ...nothing(row, now),
    outcome: {
      messageId,
      delivery: { ...delivery, phase: "failed" },
      status: "expired",
      events: [{ type: "expired", at: now, key: "expired", delivery: delivery.n }],
    },
  };
}

function written(
  tenantId: string,
  row: ClaimedRow,
  messageId: string,
  settlement: Settlement,
  at: number,
  carriage: Carriage | undefined,
): Tried {
  const { delivery, status, events, again, dead } = settlement;
  const attempt = delivery.attempts.at(-1);
  return {
    kind: again === null ? "done" : "again",
    row,
    at: again ?? at,
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
  };
}
