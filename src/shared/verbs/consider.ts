/**
 * What would become of a delivery at a time: the code that sends (ready.ts) runs as it does then, over dependencies that
 * ask nobody for a permit or a probe. Reads only; of connections, how they stand at this moment.
 */
import { laneOf } from "../core/channels.ts";
import type { Consideration, SeenCandidate, SmsFacts } from "../core/consideration.ts";
import type { Delivery, Envelope, Message, Order } from "../core/message.ts";
import { smsSize } from "../core/sms.ts";
import { smsRulesFor } from "../core/sms-countries.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Health } from "../ports/health.ts";
import { senderFor } from "../providers/sms/parts.ts";
import { type Candidate, candidatesOf } from "./candidates.ts";
import { composeFor, prepare } from "./compose-for.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { type Look, lookOver } from "./look-over.ts";
import { PermitPool } from "./permit-pool.ts";
import { type Ready, ready, subjectOf } from "./ready.ts";
import type { Tried } from "./tried.ts";

/** What considerations of one time share. */
export interface Rehearsal {
  readonly deps: DeliverDeps;
  readonly at: number;
}

/** Breakers are taken at `at` as they stand now. Limits and caps are not asked: every permit is granted. */
export function rehearsalAt(real: DeliverDeps, at: number): Rehearsal {
  const { health } = real;
  const laterMs = at - real.now();
  const dry: Health = {
    know: (tenantId, ids) => health.know(tenantId, ids),
    fitness(tenantId, id) {
      const fitness = health.fitness(tenantId, id);
      return fitness.kind === "unfit" ? { ...fitness, until: fitness.until + laterMs } : fitness;
    },
    record: (tenantId, id) => health.record(tenantId, id),
    probe: async () => true,
    note: () => undefined,
    flush: async () => undefined,
  };
  const lessor: DeliverDeps["lessor"] = {
    take: async (_, want) => ({ granted: want, retryAfterMs: 0, release: async () => undefined }),
  };
  return { at, deps: { ...real, health: dry, lessor } };
}

export async function consider(
  { deps, at }: Rehearsal,
  message: Message,
  order: Order | null,
  n: number,
): Promise<Consideration> {
  const delivery = message.deliveries[n];
  if (delivery === undefined) throw new Error(`message ${message.id} has no delivery ${n}`);
  const { tenantId, projectId } = message;
  const row = rowOf(message, order, delivery);
  const found = await ready(deps, row, {
    tenantId,
    orders: new Map(),
    permits: new PermitPool(deps, { most: 1, isPatient: false }),
    tried: new Map(),
    packSizes: new Map(),
    isFirst: true,
    clock: () => at,
  });
  const scope = { tenantId, projectId };
  const envelope = found.kind === "ready" ? found.envelope : await envelopeOf(deps, scope, { row, delivery, order, now: at });
  const all = await candidatesOf(deps, scope, message.mode, delivery.channel);
  const subject = subjectOf(row, message.id, delivery, envelope);
  const isRouted = message.mode !== "test";
  const look = await lookOver(deps, scope, { delivery, envelope, subject, isRouted, now: at }, all);
  const { channel, destination } = delivery;
  return {
    n,
    channel,
    destination,
    at,
    ...outcomeOf(found, delivery),
    ...choiceOf(found, look),
    rules: look.explanation.asked,
    country: look.country,
    candidates: look.candidates,
    sms: smsOf(envelope, destination, found),
    envelope: envelope === null ? null : withoutBytes(envelope),
  };
}

/** The row that a claim would take. */
function rowOf(message: Message, order: Order | null, { n, channel }: Delivery): ClaimedRow {
  return {
    pack: "",
    channel,
    lane: laneOf(message.priority),
    claims: 1,
    delivery: n,
    id: message.id,
    project_id: message.projectId,
    mode: message.mode,
    // What its lease makes of it: a consumer finds it queued.
    status: message.status === "processing" ? "queued" : message.status,
    template: message.template,
    priority: message.priority,
    category: message.category,
    tags: JSON.stringify(message.tags),
    order_json: order === null ? null : JSON.stringify(order),
    order_ref: null,
    variables: message.variables === null ? null : JSON.stringify(message.variables),
    deliveries: JSON.stringify(message.deliveries),
    log: message.deliveries.length > 1 ? JSON.stringify(message.log) : null,
    due_at: message.dueAt,
    expires_at: message.expiresAt,
    callback_url: null,
  };
}

/** What it would say, where it does not go; null where that cannot be made. */
async function envelopeOf(
  deps: DeliverDeps,
  scope: ProjectScope,
  it: { readonly row: ClaimedRow; readonly delivery: Delivery; readonly order: Order | null; readonly now: number },
): Promise<Envelope | null> {
  const { row, delivery, order, now } = it;
  if (order === null || row.id === null) return null;
  const prepared = await prepare(deps, scope, order, delivery.channel);
  if ("code" in prepared) return null;
  const composed = composeFor({ row, messageId: row.id, delivery, order, attemptId: "", now }, prepared);
  return composed.ok ? composed.envelope : null;
}

function outcomeOf(found: Ready | Tried, delivery: Delivery): Pick<Consideration, "verdict" | "code" | "reason" | "until"> {
  if (found.kind === "ready") return { verdict: "go", code: null, reason: null, until: null };
  const event = found.outcome?.events.at(-1);
  const code = event?.code ?? (event?.type === "expired" ? "expired" : null);
  const reason = event?.reason ?? (event?.type === "expired" ? "Its time is over by then." : null);
  if (found.kind === "done") return { verdict: event === undefined ? "none" : "stop", code, reason, until: null };
  // What its row says already is not written again.
  return { verdict: "wait", code: code ?? delivery.waiting_for ?? null, reason, until: found.at };
}

type Choice = Pick<Consideration, "connection_id" | "provider" | "policy_id" | "rule" | "cost_micros">;

function choiceOf(found: Ready | Tried, { candidates, explanation }: Look): Choice {
  if (found.kind !== "ready") return { connection_id: null, provider: null, policy_id: null, rule: null, cost_micros: null };
  const { connectionId, provider } = found.connection;
  const chosen: SeenCandidate | undefined = candidates.find((c) => c.connection_id === connectionId);
  const isRouted = found.chosen !== undefined;
  return {
    connection_id: connectionId,
    provider: provider.id,
    policy_id: isRouted ? explanation.policy_id : null,
    rule: isRouted ? explanation.rule : null,
    cost_micros: chosen?.cost_micros ?? null,
  };
}

function smsOf(envelope: Envelope | null, to: string, found: Ready | Tried): SmsFacts | null {
  if (envelope?.channel !== "sms" || envelope.text === "") return null;
  const sender = found.kind === "ready" ? senderOf(found.connection, to) : undefined;
  const { country, advice } = smsRulesFor(to, sender);
  return { ...smsSize(envelope.text), country, sender: sender ?? null, advice };
}

/** Every provider of SMS keeps its senders in settings of this shape (providers/sms/parts.ts). */
function senderOf({ account }: Candidate, to: string): string | undefined {
  return account === null ? undefined : senderFor(account.settings as Parameters<typeof senderFor>[0], to);
}

function withoutBytes(envelope: Envelope): Envelope {
  if (envelope.channel !== "email") return envelope;
  return { ...envelope, attachments: envelope.attachments.map((file) => ({ ...file, contentBase64: "" })) };
}
