/** One try of one delivery: from its claimed row to what has to be written. Never throws. */
import type { Signal } from "../contract/jobs.ts";
import { type Caught, caughtOfEnvelope } from "../core/caught.ts";
import { compose } from "../core/compose.ts";
import type { GivenUp } from "../core/dead-letter.ts";
import { attemptId } from "../core/ids.ts";
import { type CompiledContent, compile } from "../core/liquid.ts";
import type { Delivery, Envelope, Order, Receipt } from "../core/message.ts";
import { DEFAULT_RETRY } from "../core/retry.ts";
import { nextAttempt, type Settlement, settleAbandoned, settleTry, settleUntried } from "../core/settlement.ts";
import { FINAL_STATUSES, type Status } from "../core/status.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { OutcomeRow } from "../db/messages/settle.ts";
import { sandbox } from "../providers/sandbox.ts";
import { type OpenConnection, openAccounts } from "./accounts.ts";
import type { DeliverDeps } from "./deliver.ts";
import { loadAttachments } from "./load-attachments.ts";
import { loadTemplate } from "./resolve-template.ts";

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

interface Carriage {
  readonly connectionId: string;
  readonly provider: string;
  readonly idempotent: boolean;
  readonly startedAt: number;
  readonly receipt: Receipt;
  readonly caught: Envelope | null;
  readonly sensitive: boolean;
  readonly signals: readonly { readonly type: Signal["type"]; readonly reason?: string }[];
}

type Failure = { readonly code: string; readonly reason: string };

export async function tryDelivery(
  deps: DeliverDeps,
  tenantId: string,
  row: ClaimedRow,
  orders: ReadonlyMap<string, Order>,
): Promise<Tried> {
  const now = deps.now();
  if (row.id === null) return nothing(row, now);
  const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  if (!delivery || delivery.phase === "sent" || delivery.phase === "failed" || isEnded(row.status)) return nothing(row, now);
  if (row.expires_at !== null && row.expires_at <= now) return expired(row, row.id, delivery, now);

  const order = orderOf(row, orders);
  const guarantee = order?.delivery ?? "at_least_once";
  if (row.claims > 1 || delivery.phase === "unknown") {
    const verdict = settleAbandoned(delivery, { now, guarantee });
    if (verdict !== "send_again") return written(deps, tenantId, row, row.id, verdict);
  }
  try {
    const carriage = order
      ? await carry(deps, tenantId, row, row.id, delivery, order)
      : { code: "no_order", reason: "Its order is gone." };
    if ("code" in carriage)
      return written(deps, tenantId, row, row.id, settleUntried(delivery, { ...carriage, now: deps.now() }));
    const settlement = settleTry({
      messageId: row.id,
      delivery,
      connectionId: carriage.connectionId,
      provider: carriage.provider,
      idempotent: carriage.idempotent,
      receipt: carriage.receipt,
      startedAt: carriage.startedAt,
      now: deps.now(),
      guarantee,
      policy: DEFAULT_RETRY,
      expiresAt: row.expires_at,
      random: (deps.random(1)[0] ?? 0) / 256,
    });
    return written(deps, tenantId, row, row.id, settlement, carriage);
  } catch (error) {
    // A bug in composing or encoding one message must not take its neighbours along.
    deps.log({ level: "error", event: "delivery_crashed", message_id: row.id, error: String(error) });
    const settlement = settleUntried(delivery, { code: "internal_error", reason: String(error).slice(0, 200), now: deps.now() });
    return written(deps, tenantId, row, row.id, settlement);
  }
}

function isEnded(status: string): boolean {
  // The column holds what core/status.ts knows.
  return FINAL_STATUSES.has(status as Status) && status !== "failed";
}

function orderOf(row: ClaimedRow, orders: ReadonlyMap<string, Order>): Order | undefined {
  if (row.order_json !== null) return JSON.parse(row.order_json) as Order;
  return row.order_ref === null ? undefined : orders.get(row.order_ref);
}

async function carry(
  deps: DeliverDeps,
  tenantId: string,
  row: ClaimedRow,
  messageId: string,
  delivery: Delivery,
  order: Order,
): Promise<Carriage | Failure> {
  const scope = { tenantId, projectId: row.project_id };
  const [connection, compiled, files] = await Promise.all([
    pick(deps, scope, row),
    contentOf(deps, scope, order),
    order.attachments === undefined ? [] : loadAttachments(deps, scope, order.attachments),
  ]);
  if ("code" in connection) return connection;
  if (!compiled) return { code: "template_gone", reason: "Its template version is gone." };

  const variables = row.variables === null ? order.variables : { ...order.variables, ...(JSON.parse(row.variables) as object) };
  const composed = compose({
    compiled,
    channel: delivery.channel,
    to: delivery.destination,
    messageId,
    attemptId: attemptId(messageId, delivery.n, nextAttempt(delivery)),
    variables: variables ?? {},
    now: deps.now(),
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    files,
    ...(row.expires_at === null ? {} : { validitySeconds: Math.max(1, Math.floor((row.expires_at - deps.now()) / 1000)) }),
  });
  if (!composed.ok) return composed;
  return send(deps, connection, composed.envelope, delivery, order.sensitive === true);
}

async function contentOf(
  deps: DeliverDeps,
  scope: { tenantId: string; projectId: string },
  order: Order,
): Promise<CompiledContent | null> {
  if (order.content) return compile(order.content);
  if (order.template_id === undefined || order.template_version === undefined) return null;
  return loadTemplate(deps, scope, order.template_id, order.template_version);
}

/** The first connection of the channel that can be used; a test message only ever meets the sandbox. */
async function pick(
  deps: DeliverDeps,
  scope: { tenantId: string; projectId: string },
  row: ClaimedRow,
): Promise<Pick<OpenConnection, "connectionId" | "provider" | "account"> | Failure> {
  if (row.mode === "test") return { connectionId: "sandbox", provider: sandbox, account: null };
  const all = (await openAccounts(deps, scope)).get(row.channel) ?? [];
  const usable = all.find((connection) => connection.error === null);
  if (usable) return usable;
  const broken = all[0]?.error;
  return broken === undefined || broken === null
    ? { code: "no_connection", reason: `The project has no enabled connection for ${row.channel}.` }
    : { code: "connection_unusable", reason: broken };
}

async function send(
  deps: DeliverDeps,
  { connectionId, provider, account }: Pick<OpenConnection, "connectionId" | "provider" | "account">,
  envelope: Envelope,
  delivery: Delivery,
  sensitive: boolean,
): Promise<Carriage | Failure> {
  const startedAt = deps.now();
  if (provider.kind === "sandbox") {
    const { receipt, signals } = provider.simulate(envelope, delivery.attempts.length);
    const caught = receipt.outcome === "sent" ? envelope : null;
    return { connectionId, provider: provider.id, idempotent: true, startedAt, receipt, caught, sensitive, signals };
  }
  if (!account) return { code: "connection_unusable", reason: "The connection has no account." };
  const callbackUrl =
    deps.publicUrl === ""
      ? null
      : `${deps.publicUrl}/hooks/${delivery.channel}/${provider.id}/${connectionId}?attempt=${envelope.attemptId}`;
  const request = await provider.encode(envelope, account, { now: startedAt, callbackUrl });
  const answer = await deps.carrier.carry(request, provider.timeoutMs);
  const receipt = receiptOf(provider, answer);
  return {
    connectionId,
    provider: provider.id,
    idempotent: provider.idempotent,
    startedAt,
    receipt,
    caught: null,
    sensitive,
    signals: [],
  };
}

function receiptOf(
  provider: Extract<OpenConnection["provider"], { kind: "http" }>,
  answer: Awaited<ReturnType<DeliverDeps["carrier"]["carry"]>>,
): Receipt {
  switch (answer.kind) {
    case "answered":
      return provider.decode(answer);
    case "not_sent":
      return { outcome: "transient", code: "not_reached", reason: answer.reason };
    case "unknown":
      return { outcome: "unknown", code: "no_answer", reason: answer.reason };
  }
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
  deps: DeliverDeps,
  tenantId: string,
  row: ClaimedRow,
  messageId: string,
  settlement: Settlement,
  carriage?: Carriage,
): Tried {
  const { delivery, status, events, again, dead } = settlement;
  const attempt = delivery.attempts.at(-1);
  const at = deps.now();
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
