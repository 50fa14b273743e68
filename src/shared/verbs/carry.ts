/** What one try needs, and the try itself: render, encode, one fetch, decode. */
import type { Signal } from "../contract/jobs.ts";
import { compose } from "../core/compose.ts";
import { endpointFlaw } from "../core/endpoint.ts";
import { attemptId, idempotencyKeyOf } from "../core/ids.ts";
import { type CompiledContent, compile } from "../core/liquid.ts";
import type { AttachedFile, Delivery, Envelope, Order, Receipt } from "../core/message.ts";
import { nextAttempt } from "../core/settlement.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Account, EncodeContext, HttpProvider } from "../providers/provider.ts";
import type { Candidate } from "./candidates.ts";
import type { Deps } from "./deps.ts";
import { loadAttachments } from "./load-attachments.ts";
import { loadTemplate } from "./resolve-template.ts";
import { sessionFor, settleSession } from "./sessions.ts";

/** What deliver, its tries and this have in hand. */
export type DeliverDeps = Pick<
  Deps,
  | "now"
  | "wait"
  | "random"
  | "shards"
  | "control"
  | "files"
  | "carrier"
  | "unsealer"
  | "ringer"
  | "log"
  | "publicUrl"
  | "health"
  | "lessor"
  | "outboundLimits"
  | "gate"
  | "timing"
>;

/** Why a delivery cannot be tried at all. */
export type Failure = { readonly code: string; readonly reason: string };

export interface Prepared {
  readonly compiled: CompiledContent;
  readonly files: readonly AttachedFile[];
}

export interface Carriage {
  readonly connectionId: string;
  readonly provider: string;
  readonly attemptId: string;
  readonly idempotent: boolean;
  readonly startedAt: number;
  readonly receipt: Receipt;
  /** What the sandbox caught. */
  readonly caught: Envelope | null;
  readonly sensitive: boolean;
  readonly signals: readonly { readonly type: Signal["type"]; readonly reason?: string }[];
}

/** Loads what a try needs. Throws where a store failed: that is our fault, and no fault of the message. */
export async function prepare(deps: DeliverDeps, scope: ProjectScope, order: Order): Promise<Prepared | Failure> {
  const [compiled, files] = await Promise.all([
    contentOf(deps, scope, order),
    order.attachments === undefined ? [] : loadAttachments(deps, scope, order.attachments),
  ]);
  if (!compiled) return { code: "template_gone", reason: "Its template version is gone." };
  return { compiled, files };
}

async function contentOf(deps: DeliverDeps, scope: ProjectScope, order: Order): Promise<CompiledContent | null> {
  if (order.content) return compile(order.content);
  if (order.template_id === undefined || order.template_version === undefined) return null;
  return loadTemplate(deps, scope, order.template_id, order.template_version);
}

/**
 * Where the provider takes an idempotency key, every try over one connection says the same, so that a repeat is known
 * for one: it carries the attempt id of try 0.
 */
function attemptIdFor(messageId: string, delivery: Delivery, { provider }: Candidate): string {
  const same = provider.kind === "http" && provider.idempotent;
  return attemptId(messageId, delivery.n, same ? 0 : nextAttempt(delivery));
}

export async function carry(
  deps: DeliverDeps,
  row: ClaimedRow,
  messageId: string,
  delivery: Delivery,
  order: Order,
  connection: Candidate,
  { compiled, files }: Prepared,
): Promise<Carriage | Failure> {
  const now = deps.now();
  const attempt = attemptIdFor(messageId, delivery, connection);
  const composed = compose({
    compiled,
    channel: delivery.channel,
    to: delivery.destination,
    messageId,
    attemptId: attempt,
    variables: { ...order.variables, ...(row.variables === null ? {} : (JSON.parse(row.variables) as object)) },
    // When it was due, whatever the try: every try of a message reads the same.
    now: row.due_at,
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    files,
    ...(row.expires_at === null ? {} : { validitySeconds: Math.max(1, Math.floor((row.expires_at - now) / 1000)) }),
  });
  if (!composed.ok) return composed;

  const { connectionId, provider, account } = connection;
  const base = { connectionId, provider: provider.id, attemptId: attempt, startedAt: now, sensitive: order.sensitive === true };
  if (provider.kind === "sandbox") {
    const { receipt, signals } = provider.simulate(composed.envelope, delivery.attempts.length);
    return { ...base, idempotent: true, receipt, signals, caught: receipt.outcome === "sent" ? composed.envelope : null };
  }
  if (!account) return { code: "connection_unusable", reason: "The connection has no account." };
  const receipt = await ask(deps, provider, account, composed.envelope, {
    now,
    callbackUrl: callbackFor(deps.publicUrl, account.settings, delivery, provider, connectionId, attempt),
    idempotencyKey: idempotencyKeyOf(messageId, delivery.n, connectionId),
  });
  return { ...base, idempotent: provider.idempotent, receipt, signals: [], caught: null };
}

/** One fetch, with what it must carry. */
async function ask(
  deps: DeliverDeps,
  provider: HttpProvider,
  account: Account,
  envelope: Envelope,
  context: Omit<EncodeContext, "session">,
): Promise<Receipt> {
  const session = await sessionFor(deps, provider, account);
  if (session !== null && "outcome" in session) return session;
  const request = await provider.encode(envelope, account, { ...context, session: session?.token ?? null });
  const receipt = receiptOf(provider, await deps.carrier.carry(request, provider.timeoutMs));
  return settleSession(deps, account, session, receipt);
}

/** A provider refuses a callback that it cannot reach, so a private address is only told to a test double. */
function callbackFor(
  publicUrl: string,
  settings: unknown,
  delivery: Delivery,
  provider: HttpProvider,
  connectionId: string,
  attempt: string,
): string | null {
  const ownEndpoint = (settings as { readonly endpoint?: string }).endpoint !== undefined;
  if (publicUrl === "" || (!ownEndpoint && endpointFlaw(publicUrl, false) !== null)) return null;
  return `${publicUrl}/hooks/${delivery.channel}/${provider.id}/${connectionId}?attempt=${attempt}`;
}

function receiptOf(provider: HttpProvider, answer: Awaited<ReturnType<DeliverDeps["carrier"]["carry"]>>): Receipt {
  switch (answer.kind) {
    case "answered":
      try {
        return provider.decode(answer);
      } catch (error) {
        // A fault of ours, found out too late: the provider has it, or has not.
        return { outcome: "unknown", code: "answer_not_understood", reason: String(error).slice(0, 200) };
      }
    case "not_sent":
      return { outcome: "transient", code: "not_reached", reason: answer.reason };
    case "unknown":
      return { outcome: "unknown", code: "no_answer", reason: answer.reason };
  }
}
