/** The content of one try: loaded from where it is kept, and rendered for its recipient. */
import type { Channel } from "../core/channels.ts";
import { type Composed, compose } from "../core/compose.ts";
import { type CompiledContent, compile } from "../core/liquid.ts";
import type { AttachedFile, Delivery, LinkedFile, Order } from "../core/message.ts";
import { tooManySegments } from "../core/sms.ts";
import { withUnsubscribe } from "../core/unsubscribe.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { linkAttachments, loadAttachments } from "./load-attachments.ts";
import { projectSettings } from "./project-settings.ts";
import { loadTemplate } from "./resolve-template.ts";

/** Why a delivery cannot be tried at all. */
export type Failure = { readonly code: string; readonly reason: string };

export interface Prepared {
  readonly compiled: CompiledContent;
  readonly files: readonly AttachedFile[];
  readonly links: readonly LinkedFile[];
  /** Segments that one SMS may take, where it is one. */
  readonly maxSegments: number;
}

type ComposedFor = Composed | { readonly ok: false; readonly code: "too_long"; readonly reason: string };

/** Loads what a try needs. Throws where a store failed: that is our fault, and no fault of the message. */
export async function prepare(
  deps: DeliverDeps,
  scope: ProjectScope,
  order: Order,
  channel: Channel,
): Promise<Prepared | Failure> {
  const { attachments = [] } = order;
  const [compiled, files, links, maxSegments] = await Promise.all([
    contentOf(deps, scope, order),
    channel === "email" && attachments.length > 0 ? loadAttachments(deps, scope, attachments) : [],
    channel === "whatsapp" && attachments.length > 0 ? linkAttachments(deps, scope, attachments) : [],
    channel === "sms" ? projectSettings(deps, scope).then((settings) => settings.smsMaxSegments) : 0,
  ]);
  if (!compiled) return { code: "template_gone", reason: "Its template version is gone." };
  return { compiled, files, links, maxSegments };
}

async function contentOf(deps: DeliverDeps, scope: ProjectScope, order: Order): Promise<CompiledContent | null> {
  if (order.content) return compile(order.content);
  if (order.template_id === undefined || order.template_version === undefined) return null;
  return loadTemplate(deps, scope, order.template_id, order.template_version);
}

export function composeFor(
  subject: {
    readonly row: ClaimedRow;
    readonly messageId: string;
    readonly delivery: Delivery;
    readonly order: Order;
    readonly attemptId: string;
    readonly now: number;
    /** Where its recipient unsubscribes; null where that is not offered. */
    readonly unsubscribeUrl?: string | null;
  },
  { compiled, files, links, maxSegments }: Prepared,
): ComposedFor {
  const { row, messageId, delivery, order, attemptId, now, unsubscribeUrl = null } = subject;
  const composed = compose({
    compiled,
    channel: delivery.channel,
    to: delivery.destination,
    messageId,
    attemptId,
    variables: {
      ...(unsubscribeUrl === null ? {} : { unsubscribe_url: unsubscribeUrl }),
      ...order.variables,
      ...(row.variables === null ? {} : (JSON.parse(row.variables) as object)),
    },
    // When it was due, whatever the try: every try of a message reads the same.
    now: row.due_at,
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    files,
    links,
    priority: row.priority,
    ...(row.expires_at === null ? {} : { validitySeconds: Math.max(1, Math.floor((row.expires_at - now) / 1000)) }),
  });
  if (composed.ok && unsubscribeUrl !== null) return { ok: true, envelope: withUnsubscribe(composed.envelope, unsubscribeUrl) };
  const long = composed.ok && composed.envelope.channel === "sms" ? tooManySegments(composed.envelope.text, maxSegments) : null;
  return long === null ? composed : { ok: false, code: "too_long", reason: long };
}
