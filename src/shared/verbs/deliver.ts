/**
 * DELIVER: claim → render → pick a connection → one fetch → settle. A claim with a lease is durable before
 * the first fetch, outcomes are durable before the bell is acknowledged. What fails over is tried at once over the
 * next connection, in another round, once what the first said is durable.
 */
import type { Bell } from "../contract/jobs.ts";
import type { Channel } from "../core/channels.ts";
import { newId } from "../core/ids.ts";
import type { Delivery } from "../core/message.ts";
import { commit } from "../db/commit.ts";
import { insertDeadLetters } from "../db/messages/dead-letters.ts";
import { engagementOf } from "../db/messages/engagement.ts";
import { type ClaimedRow, packsOf } from "../db/messages/packs.ts";
import { insertCaught, pruneCaught } from "../db/messages/sandbox.ts";
import { type OutcomeRow, settleOf } from "../db/messages/settle.ts";
import { bellsOf } from "./bells.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { inTurn, type Turns, turnsOf } from "./in-turn.ts";
import type { Lanes } from "./lanes.ts";
import { shownBy } from "./learned-order.ts";
import { knowListeners } from "./listeners.ts";
import { loadOrders } from "./load-orders.ts";
import { noteFailures } from "./note-failures.ts";
import { PermitPool } from "./permit-pool.ts";
import type { Round } from "./ready.ts";
import { suppressRefused } from "./suppress-refused.ts";
import { tellOutcomes } from "./tell-outcomes.ts";
import { again, type Tried } from "./tried.ts";
import { tryBulk } from "./try-bulk.ts";
import { tryDelivery } from "./try-delivery.ts";

/** What the steps of one call have in hand. */
interface Hold {
  readonly tenantId: string;
  readonly shard: number;
  readonly db: D1Database;
  readonly lease: string;
  /** All of it is low-priority mail, which goes by the call-full where its provider takes that. */
  readonly inBulk: boolean;
}

/**
 * Carries the packs of one tenant in one message database. A bell that finds nothing to do (carried, held
 * by another, cancelled) is answered all the same. Throws where a database failed: ring again.
 */
export async function deliver(
  deps: DeliverDeps,
  tenantId: string,
  shard: number,
  bells: readonly Bell[],
  lanes: Lanes,
): Promise<void> {
  const db = deps.shards[shard];
  if (!db) throw new Error(`there is no message database ${shard}`);
  const packs = packsOf(db, { tenantId });
  const lease = newId("lse", deps.now(), deps.random);
  const ids = [...new Set(bells.map((bell) => bell.pack))];
  const claimedAt = deps.now();
  const [, taken] = await commit(db, [
    packs.claim(ids, lease, claimedAt, claimedAt + deps.timing.leaseMs),
    packs.claimed(ids, lease),
  ]);
  const rows = (taken?.results ?? []) as unknown as ClaimedRow[];
  if (rows.length === 0) return;

  const inBulk = rows.every((row) => row.lane === "bulk" && row.channel === "email");
  const permits = new PermitPool(deps, { most: rows.length, isPatient: !inBulk });
  try {
    await carryAll(deps, { tenantId, shard, db, lease, inBulk }, rows, permits, claimedAt + deps.timing.startWithinMs, lanes);
  } finally {
    await Promise.all([permits.close(), deps.health.flush()]);
  }
}

/** Rounds, until nothing is left that can be tried at once. */
async function carryAll(
  deps: DeliverDeps,
  hold: Hold,
  rows: readonly ClaimedRow[],
  permits: PermitPool,
  startUntil: number,
  lanes: Lanes,
): Promise<void> {
  const scope = { tenantId: hold.tenantId };
  const [orders, turns] = await Promise.all([
    loadOrders(hold.db, scope, rows),
    turnsOf(deps, hold.tenantId, rows),
    // Read before anything leaves: what is said then must be written down, whoever can be asked by that time.
    knowListeners(deps, scope),
  ]);
  const packSizes = new Map<string, number>();
  for (const { pack } of rows) packSizes.set(pack, (packSizes.get(pack) ?? 0) + 1);
  const triedOver = new Map<string, Set<string>>();

  for (let open = rows, isFirst = true; open.length > 0; isFirst = false) {
    const round: Round = { tenantId: hold.tenantId, orders, permits, tried: triedOver, packSizes, isFirst };
    const one = (row: ClaimedRow) =>
      lanes(async () => (deps.now() < startUntil ? tryDelivery(deps, row, round) : again(row, deps.now())));
    const byTheCall = hold.inBulk && turns.size === 0;
    const seen = byTheCall ? await tryBulk(deps, open, round, lanes, startUntil) : await tryAll(open, turns, one);
    const tried = isFirst ? seen.map((t) => ({ ...t, isDoubted: isDoubted(t) })) : seen;
    await settle(deps, hold, open, tried);
    open = tried.filter((t) => t.kind === "over").map((t) => nextRow(t, triedOver));
  }
}

/** Its last holder died, and what is written of it now does not say so. */
function isDoubted({ kind, row, outcome }: Tried): boolean {
  return row.claims > 1 && kind === "again" && outcome?.delivery.phase !== "unknown";
}

/** All at once, but those that have a turn to wait for. */
function tryAll(rows: readonly ClaimedRow[], turns: Turns, one: (row: ClaimedRow) => Promise<Tried>): Promise<Tried[]> {
  return turns.size === 0 ? Promise.all(rows.map(one)) : inTurn(rows, turns, one);
}

/** The row as it stands after a try that goes on over another connection. */
function nextRow({ row, outcome }: Tried, triedOver: Map<string, Set<string>>): ClaimedRow {
  if (outcome === null) return row;
  const last = outcome.delivery.attempts.at(-1)?.connection_id;
  if (last !== undefined) triedOver.set(outcome.messageId, (triedOver.get(outcome.messageId) ?? new Set()).add(last));
  const deliveries = JSON.parse(row.deliveries) as Delivery[];
  return { ...row, deliveries: JSON.stringify(deliveries.map((d) => (d.n === outcome.delivery.n ? outcome.delivery : d))) };
}

/** One batch: outcomes, what is tried again, dead letters; packs end, or hold what is still in hand and nothing else. */
async function settle(deps: DeliverDeps, hold: Hold, rows: readonly ClaimedRow[], tried: readonly Tried[]): Promise<void> {
  const { tenantId, db, lease } = hold;
  const now = deps.now();
  const scope = { tenantId };
  const outcomes = tried.map((t) => t.outcome).filter((o): o is OutcomeRow => o !== null);
  const dead = tried.map((t) => t.dead).filter((d) => d !== null);
  const caught = tried.map((t) => t.caught).filter((c) => c !== null);
  const shown = tried.flatMap(shownBy);
  const later = packAgain(deps, tried);
  const inHand = refsInHand(tried);
  const ended = [...new Set(rows.map((row) => row.pack))].filter((pack) => !inHand.has(pack));
  const packs = packsOf(db, scope);
  const told = await tellOutcomes(deps, hold, tried);
  const writes = () => [
    ...told.writes,
    ...(outcomes.length > 0 ? [settleOf(db, scope).outcomes(outcomes, now)] : []),
    ...(later.length > 0 ? [packs.insertAgain(later, lease)] : []),
    ...(dead.length > 0 ? [insertDeadLetters(db, tenantId, dead)] : []),
    ...(caught.length > 0 ? [insertCaught(db, tenantId, caught), pruneCaught(db, tenantId)] : []),
    ...(shown.length > 0 ? [engagementOf(db, scope).note(shown, now)] : []),
    ...(inHand.size > 0 ? [packs.narrow(inHand, lease)] : []),
    ...(ended.length > 0 ? [packs.finish(ended, lease)] : []),
  ];
  const results = await commitStubbornly(deps, db, writes);
  await Promise.all([told.ring(results), afterwards(deps, hold, later, tried, now)]);
}

/** Waits between tries to write outcomes down, milliseconds. */
const COMMIT_AGAIN_MS = [100, 1000, 4000];

/** The provider has answered, so what it said must be written: every statement of it may run twice. */
async function commitStubbornly(deps: DeliverDeps, db: D1Database, writes: () => D1PreparedStatement[]): Promise<D1Result[]> {
  for (const waitMs of COMMIT_AGAIN_MS) {
    try {
      return await commit(db, writes());
    } catch (error) {
      deps.log({ level: "warn", event: "outcomes_not_written", error: String(error) });
      await deps.wait(waitMs);
    }
  }
  return commit(db, writes());
}

/** Bells of what is tried again, and signals. Lost ones are made good by the sweep, so a failure is logged, not thrown. */
async function afterwards(
  deps: DeliverDeps,
  { tenantId, shard }: Hold,
  later: readonly AgainPack[],
  tried: readonly Tried[],
  now: number,
): Promise<void> {
  const signals = tried.flatMap((t) => t.signals);
  const refused = tried.flatMap((t) =>
    t.refusedOf === null || t.outcome === null ? [] : [{ messageId: t.outcome.messageId, keyId: t.refusedOf }],
  );
  const results = await Promise.allSettled([
    later.length === 0 ? undefined : deps.ringer.ring(bellsOf(tenantId, shard, later, (pack) => (pack.dueAt - now) / 1000)),
    signals.length === 0 ? undefined : deps.ringer.signal(tenantId, shard, signals),
    refused.length === 0 ? undefined : noteFailures(deps, tenantId, refused),
    suppressRefused(deps, tenantId, tried),
  ]);
  for (const result of results) {
    if (result.status === "rejected") {
      deps.log({ level: "warn", event: "ring_failed", tenant_id: tenantId, error: String(result.reason) });
    }
  }
}

type Ref = [string, Delivery["n"]];
type AgainPack = Parameters<ReturnType<typeof packsOf>["insertAgain"]>[0][number];

/** By pack: what goes on in the next round. */
function refsInHand(tried: readonly Tried[]): Map<string, Ref[]> {
  const refs = new Map<string, Ref[]>();
  for (const { kind, row } of tried) {
    if (kind !== "over" || row.id === null) continue;
    refs.set(row.pack, [...(refs.get(row.pack) ?? []), [row.id, row.delivery]]);
  }
  return refs;
}

/** What is tried again, packed by pack and second, so that neighbours that fail together come back together. */
function packAgain(deps: DeliverDeps, tried: readonly Tried[]): AgainPack[] {
  const packs = new Map<string, AgainPack & { refs: Ref[] }>();
  const add = (row: ClaimedRow, n: number, channel: Channel, at: number, alone: boolean, claims: number) => {
    if (row.id === null) return;
    const dueAt = Math.ceil(at / 1000) * 1000;
    const slot = `${row.pack} ${channel} ${dueAt} ${claims} ${alone ? row.id : ""}`;
    let pack = packs.get(slot);
    if (!pack) {
      pack = { id: newId("pak", deps.now(), deps.random), channel, lane: row.lane, dueAt, claims, refs: [], from: row.pack };
      packs.set(slot, pack);
    }
    pack.refs.push([row.id, n]);
  };
  for (const { kind, row, at, alone, next, isDoubted } of tried) {
    if (kind === "again") add(row, row.delivery, row.channel, at, alone, isDoubted === true ? 1 : 0);
    if (next !== null) add(row, next.delivery.n, next.delivery.channel, next.at, false, 0);
  }
  return [...packs.values()];
}
