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
import type { HttpProvider } from "../providers/provider.ts";
import { sandbox } from "../providers/sandbox.ts";
import { type OpenConnection, openAccounts } from "./accounts.ts";
import type { Deps } from "./deps.ts";
import { loadAttachments } from "./load-attachments.ts";
import { loadTemplate } from "./resolve-template.ts";

/** What deliver, its tries and this have in hand. */
export type DeliverDeps = Pick<
  Deps,
  "now" | "wait" | "random" | "shards" | "control" | "files" | "carrier" | "unsealer" | "ringer" | "log" | "publicUrl"
>;

/** Why a delivery cannot be tried at all. */
export type Failure = { readonly code: string; readonly reason: string };

type Connection = Pick<OpenConnection, "connectionId" | "provider" | "account">;

export interface Prepared {
  readonly connection: Connection;
  readonly compiled: CompiledContent;
  readonly files: readonly AttachedFile[];
}

export interface Carriage {
  readonly connectionId: string;
  readonly provider: string;
  readonly idempotent: boolean;
  readonly startedAt: number;
  readonly receipt: Receipt;
  /** What the sandbox caught. */
  readonly caught: Envelope | null;
  readonly sensitive: boolean;
  readonly signals: readonly { readonly type: Signal["type"]; readonly reason?: string }[];
}

/** The same attempt may go again without doubling. */
export function isRepeatable({ provider }: Connection): boolean {
  return provider.kind === "sandbox" || provider.idempotent;
}

/** Loads what the try needs. Throws where a store failed: that is our fault, and no fault of the message. */
export async function prepare(
  deps: DeliverDeps,
  scope: ProjectScope,
  row: ClaimedRow,
  order: Order,
): Promise<Prepared | Failure> {
  const [connection, compiled, files] = await Promise.all([
    pick(deps, scope, row),
    contentOf(deps, scope, order),
    order.attachments === undefined ? [] : loadAttachments(deps, scope, order.attachments),
  ]);
  if ("code" in connection) return connection;
  if (!compiled) return { code: "template_gone", reason: "Its template version is gone." };
  return { connection, compiled, files };
}

async function contentOf(deps: DeliverDeps, scope: ProjectScope, order: Order): Promise<CompiledContent | null> {
  if (order.content) return compile(order.content);
  if (order.template_id === undefined || order.template_version === undefined) return null;
  return loadTemplate(deps, scope, order.template_id, order.template_version);
}

/** The first connection of the channel that can be used; a test message only ever meets the sandbox. */
async function pick(deps: DeliverDeps, scope: ProjectScope, row: ClaimedRow): Promise<Connection | Failure> {
  if (row.mode === "test") return { connectionId: "sandbox", provider: sandbox, account: null };
  const all = (await openAccounts(deps, scope)).get(row.channel) ?? [];
  const usable = all.find((connection) => connection.error === null);
  if (usable) return usable;
  const broken = all[0]?.error;
  return broken === undefined || broken === null
    ? { code: "no_connection", reason: `The project has no enabled connection for ${row.channel}.` }
    : { code: "connection_unusable", reason: broken };
}

export async function carry(
  deps: DeliverDeps,
  row: ClaimedRow,
  messageId: string,
  delivery: Delivery,
  order: Order,
  { connection, compiled, files }: Prepared,
): Promise<Carriage | Failure> {
  const now = deps.now();
  const composed = compose({
    compiled,
    channel: delivery.channel,
    to: delivery.destination,
    messageId,
    attemptId: attemptId(messageId, delivery.n, nextAttempt(delivery)),
    variables: { ...order.variables, ...(row.variables === null ? {} : (JSON.parse(row.variables) as object)) },
    now,
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    files,
    ...(row.expires_at === null ? {} : { validitySeconds: Math.max(1, Math.floor((row.expires_at - now) / 1000)) }),
  });
  if (!composed.ok) return composed;

  const { connectionId, provider, account } = connection;
  const base = { connectionId, provider: provider.id, startedAt: now, sensitive: order.sensitive === true };
  if (provider.kind === "sandbox") {
    const { receipt, signals } = provider.simulate(composed.envelope, delivery.attempts.length);
    return { ...base, idempotent: true, receipt, signals, caught: receipt.outcome === "sent" ? composed.envelope : null };
  }
  if (!account) return { code: "connection_unusable", reason: "The connection has no account." };
  const callbackUrl = callbackFor(
    deps.publicUrl,
    account.settings,
    delivery,
    provider,
    connectionId,
    composed.envelope.attemptId,
  );
  const request = await provider.encode(composed.envelope, account, {
    now,
    callbackUrl,
    idempotencyKey: idempotencyKeyOf(messageId, delivery.n, connectionId),
    session: null,
  });
  const receipt = receiptOf(provider, await deps.carrier.carry(request, provider.timeoutMs));
  return { ...base, idempotent: provider.idempotent, receipt, signals: [], caught: null };
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
      return provider.decode(answer);
    case "not_sent":
      return { outcome: "transient", code: "not_reached", reason: answer.reason };
    case "unknown":
      return { outcome: "unknown", code: "no_answer", reason: answer.reason };
  }
}
