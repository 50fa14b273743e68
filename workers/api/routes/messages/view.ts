import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { attemptShape, messageShape, messageSummary } from "../../../../src/shared/contract/messages.ts";
import type { Attempt, Delivery, Message, MessageEvent, Order } from "../../../../src/shared/core/message.ts";

/** A message in a list. `order` is what its request asked for, wherever that is kept. */
export function summaryView({ message, order }: { message: Message; order: Order | null }): z.output<typeof messageSummary> {
  return {
    id: message.id,
    project_id: message.projectId,
    mode: message.mode,
    status: message.status,
    channel: message.channel,
    recipient: message.recipient,
    template: message.template,
    priority: message.priority,
    category: message.category,
    tags: [...message.tags],
    locale: order?.locale ?? null,
    metadata: { ...order?.metadata },
    request_id: order?.request_id ?? "",
    created_at: iso(message.createdAt),
    due_at: iso(message.dueAt),
    expires_at: iso(message.expiresAt),
    updated_at: iso(message.updatedAt),
  };
}

export function messageView(found: { message: Message; order: Order | null }): z.output<typeof messageShape> {
  const { message, order } = found;
  const sensitive = order?.sensitive === true;
  return {
    ...summaryView(found),
    template_id: order?.template_id ?? null,
    template_version: order?.template_version ?? null,
    content: sensitive ? null : ((order?.content as z.output<typeof messageShape>["content"]) ?? null),
    variables: sensitive ? null : { ...order?.variables, ...message.variables },
    attachments: [...(order?.attachments ?? [])],
    ordering_key: order?.ordering_key ?? null,
    sensitive,
    deliveries: message.deliveries.map(deliveryView),
    events: message.log.map(eventView),
  };
}

function deliveryView(d: Delivery) {
  return {
    n: d.n,
    channel: d.channel,
    destination: d.destination,
    phase: d.phase,
    waiting_for: d.waiting_for ?? null,
    likelihood: d.likelihood ?? null,
    after: d.after ?? null,
    due_at: iso(d.due_at),
    attempts: d.attempts.map(attemptView),
  };
}

export function attemptView(a: Attempt): z.output<typeof attemptShape> {
  return {
    id: a.id,
    n: a.n,
    connection_id: a.connection_id,
    provider: a.provider,
    at: iso(a.at),
    duration_ms: a.ms,
    outcome: a.outcome,
    code: a.code ?? null,
    reason: a.reason ?? null,
    provider_message_id: a.provider_message_id ?? null,
    failed_over: a.failed_over === true,
    parts: a.parts ?? null,
    route: a.route ?? null,
  };
}

function eventView(e: MessageEvent) {
  return {
    type: e.type,
    at: iso(e.at),
    delivery: e.delivery ?? null,
    attempt_id: e.attempt_id ?? null,
    connection_id: e.connection_id ?? null,
    provider: e.provider ?? null,
    code: e.code ?? null,
    reason: e.reason ?? null,
  };
}
