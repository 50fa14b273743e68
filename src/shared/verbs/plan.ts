/**
 * PLAN: submissions become message rows, deliveries are packed, and their bells are rung. Idempotent by
 * message id: a repeat makes no row, no pack and no ring.
 */
import { type Lane, laneOf } from "../core/channels.ts";
import { isEverHeldBack, type Pressure } from "../core/flow.ts";
import { messageOf } from "../core/held-message.ts";
import { newId, parseMessageId } from "../core/ids.ts";
import type { Message, Submission } from "../core/message.ts";
import { commit } from "../db/commit.ts";
import { packsOf, pressureOf } from "../db/messages/packs.ts";
import { type NewPack, planOf } from "../db/messages/plan.ts";
import { bellsOf } from "./bells.ts";
import { type CallBackDeps, callbacksForNew } from "./call-back.ts";
import type { Deps } from "./deps.ts";
import { suppressDuplicates, windowedOrders } from "./duplicates.ts";
import { type Holds, holdBack, holdsOn } from "./hold-back.ts";
import { inLearnedOrder } from "./learned-order.ts";

/** Deliveries that are claimed and settled together. Small where a message must not wait for its neighbours. */
export const PACK_SIZE: Record<Lane, number> = { express: 10, standard: 50, bulk: 50 };
/** A statement's parameter stays well below D1's 2 MB. */
const STATEMENT_CHARS = 700_000;

type PlanDeps = Pick<Deps, "now" | "random" | "control" | "shards" | "ringer" | "log"> & CallBackDeps;

/** Answers how much of the tenant waits by then, in the lanes that can be held back. */
export async function plan(deps: PlanDeps, tenantId: string, submissions: readonly Submission[]): Promise<Pressure[]> {
  const byShard = new Map<number, Submission[]>();
  for (const submission of submissions) {
    const shard = parseMessageId(submission.first)?.dbShard ?? -1;
    const list = byShard.get(shard);
    if (list) list.push(submission);
    else byShard.set(shard, [submission]);
  }
  const holds = await holdsOn(deps, tenantId, submissions);
  return (await Promise.all([...byShard].map(([shard, mine]) => planShard(deps, tenantId, shard, mine, holds)))).flat();
}

async function planShard(
  deps: PlanDeps,
  tenantId: string,
  shard: number,
  submissions: readonly Submission[],
  holds: Holds,
): Promise<Pressure[]> {
  const db = deps.shards[shard];
  if (!db) throw new Error(`there is no message database ${shard}`);
  const now = deps.now();
  const mayWait = submissions.some((submission) => isEverHeldBack(laneOf(submission.priority)));
  let pressure: Pressure[] = [];
  const windowed = windowedOrders(submissions);
  const urls = new Map(
    submissions.flatMap(({ first, order: { callback_url: url } }) => (url === undefined ? [] : [[first, url]])),
  );
  for (const part of chunks(tenantId, submissions, now)) {
    const ordered = holdBack(await inLearnedOrder(db, { tenantId }, part.messages), holds);
    const messages = windowed.size === 0 ? ordered : await suppressDuplicates(deps, tenantId, ordered, windowed);
    const packs = packUp(deps, messages, now);
    const rows = planOf(db, { tenantId });
    const callbacks = await callbacksForNew(deps, { tenantId, shard, db }, messages, urls);
    const results = await commit(db, [
      ...callbacks.writes,
      ...(packs.length > 0 ? [rows.insertPacks(packs)] : []),
      ...(part.orders.length > 0 ? [rows.insertOrders(part.orders)] : []),
      rows.insertMessages(messages, urls),
      ...(mayWait ? [packsOf(db, { tenantId }).pressure(now)] : []),
    ]);
    if (mayWait) pressure = pressureOf(results[results.length - 1], shard, now);
    const first = packs.length > 0 ? results[callbacks.writes.length] : undefined;
    const made = new Set((first?.results ?? []).map((row) => (row as { id: string }).id));
    const fresh = packs.filter((pack) => made.has(pack.id));
    await Promise.all([ringNew(deps, tenantId, shard, fresh), callbacks.ring(results)]);
  }
  return pressure;
}

/** The rows stand, so a bell that cannot be rung is left to the sweep. */
async function ringNew(deps: PlanDeps, tenantId: string, shard: number, packs: readonly (NewPack & Slot)[]): Promise<void> {
  if (packs.length === 0) return;
  try {
    await deps.ringer.ring(bellsOf(tenantId, shard, packs));
  } catch (error) {
    deps.log({ level: "warn", event: "ring_failed", tenant_id: tenantId, packs: packs.length, error: String(error) });
  }
}

interface Part {
  readonly messages: Message[];
  readonly orders: { id: string; order: Submission["order"]; createdAt: number }[];
}

/** Messages in portions whose JSON fits a statement. */
function* chunks(tenantId: string, submissions: readonly Submission[], now: number): Generator<Part> {
  let part: Part = { messages: [], orders: [] };
  let chars = 0;
  for (const submission of submissions) {
    const orderChars = JSON.stringify(submission.order).length;
    const shared = submission.to.length > 1;
    if (shared) {
      part.orders.push({ id: submission.first, order: submission.order, createdAt: submission.accepted_at });
      chars += orderChars;
    }
    for (const [i, to] of submission.to.entries()) {
      // The gate hands over what is due by its own clock: one that runs behind here must not leave it scheduled for ever.
      part.messages.push(messageOf(tenantId, submission, i, Math.max(now, submission.due_at)));
      chars += 600 + (shared ? 0 : orderChars) + (to.variables ? JSON.stringify(to.variables).length : 0);
      if (chars < STATEMENT_CHARS) continue;
      yield part;
      part = { messages: [], orders: [] };
      chars = 0;
    }
  }
  if (part.messages.length > 0) yield part;
}

interface Slot {
  readonly channel: Message["channel"];
  readonly lane: Lane;
}

function packUp(deps: PlanDeps, messages: readonly Message[], now: number): (NewPack & Slot)[] {
  const open = new Map<string, NewPack & Slot & { messageIds: string[] }>();
  const packs: (NewPack & Slot)[] = [];
  for (const message of messages) {
    if (message.status !== "queued") continue;
    const lane = laneOf(message.priority);
    const slot = `${message.channel} ${lane}`;
    let pack = open.get(slot);
    if (!pack || pack.messageIds.length >= PACK_SIZE[lane]) {
      pack = { id: newId("pak", now, deps.random), channel: message.channel, lane, dueAt: now, messageIds: [] };
      open.set(slot, pack);
      packs.push(pack);
    }
    pack.messageIds.push(message.id);
  }
  return packs;
}
