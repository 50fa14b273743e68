/** RECORD: signals from outside are folded into the message's log and status. Idempotent by the signal's key. */
import type { Signal } from "../contract/jobs.ts";
import type { MessageEvent } from "../core/message.ts";
import { fold, type Status } from "../core/status.ts";
import { commit } from "../db/commit.ts";
import { type SignalRow, settleOf } from "../db/messages/settle.ts";
import { afterBounces, freshBounces } from "./after-bounces.ts";
import { type CallBackDeps, callbacksFor, keepWatch } from "./call-back.ts";
import type { Deps } from "./deps.ts";
import { keepEarly } from "./early.ts";

type RecordDeps = Pick<Deps, "now" | "shards" | "gate"> & CallBackDeps;

/** A statement's parameter stays well below D1's 2 MB. */
const PORTION = 500;

export async function record(deps: RecordDeps, tenantId: string, shard: number, signals: readonly Signal[]): Promise<void> {
  for (let i = 0; i < signals.length; i += PORTION) await recordSome(deps, tenantId, shard, signals.slice(i, i + PORTION));
}

async function recordSome(deps: RecordDeps, tenantId: string, shard: number, signals: readonly Signal[]): Promise<void> {
  const db = deps.shards[shard];
  if (!db) throw new Error(`there is no message database ${shard}`);
  const rows = new Map<string, SignalRow & { events: MessageEvent[] }>();
  for (const { message_id, ...event } of signals) {
    const row = rows.get(message_id) ?? { messageId: message_id, events: [], status: null, has: null };
    // The statement drops what the log has; what comes twice at once is dropped here.
    if (row.events.some((known) => known.key === event.key)) continue;
    // From `sent`, since a provider has spoken of it; the row itself never moves back.
    const status: Status = fold(row.status ?? "sent", event.type);
    const has = row.has ?? (PROOFS.has(event.type) ? (event.delivery ?? null) : null);
    rows.set(message_id, { messageId: message_id, events: [...row.events, toEvent(event)], status, has });
  }
  const [callbacks, bounces] = await Promise.all([
    callbacksFor(deps, { tenantId, shard, db }, [...rows.values()], true),
    freshBounces(db, { tenantId }, signals),
  ]);
  const results = await commit(db, [...callbacks.writes, settleOf(db, { tenantId }).signals([...rows.values()], deps.now())]);
  await keepEarly(deps, { tenantId, db }, signals, results.at(-1));
  if (await callbacks.ring(results)) await keepWatch(deps, tenantId);
  await afterBounces(deps, tenantId, bounces);
}

/** What nobody can say of a mail that the provider does not have. */
const PROOFS: ReadonlySet<MessageEvent["type"]> = new Set(["sent", "delivered", "opened", "clicked", "bounced", "complained"]);

function toEvent(signal: Omit<Signal, "message_id">): MessageEvent {
  return Object.fromEntries(Object.entries(signal).filter(([, value]) => value !== undefined)) as unknown as MessageEvent;
}
