/**
 * DELIVER: claim → render → pick a connection → one fetch → settle. A claim with a lease is durable before
 * the first fetch, outcomes are durable before the bell is acknowledged.
 */
import type { Bell } from "../contract/jobs.ts";
import { newId } from "../core/ids.ts";
import type { Delivery } from "../core/message.ts";
import { commit } from "../db/commit.ts";
import { insertDeadLetters } from "../db/messages/dead-letters.ts";
import { type ClaimedRow, packsOf } from "../db/messages/packs.ts";
import { insertCaught, pruneCaught } from "../db/messages/sandbox.ts";
import { type OutcomeRow, settleOf } from "../db/messages/settle.ts";
import { bellsOf } from "./bells.ts";
import type { DeliverDeps } from "./carry.ts";
import { loadOrders } from "./load-orders.ts";
import { type Tried, tryDelivery } from "./try-delivery.ts";

/** No fetch is started later than this after the claim, and each ends within the provider's timeout… */
const START_WITHIN_MS = 20_000;
/** …so a holder that lives has settled before its lease runs out. */
const LEASE_MS = 45_000;

/** Runs jobs with a bound on how many are under way, over a whole invocation. */
export type Lanes = <T>(job: () => Promise<T>) => Promise<T>;

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
  const [, taken] = await commit(db, [packs.claim(ids, lease, claimedAt, claimedAt + LEASE_MS), packs.claimed(ids, lease)]);
  const rows = (taken?.results ?? []) as unknown as ClaimedRow[];
  if (rows.length === 0) return;

  const orders = await loadOrders(db, { tenantId }, rows);
  const startUntil = claimedAt + START_WITHIN_MS;
  const tried = await Promise.all(
    rows.map((row) => lanes(() => (deps.now() < startUntil ? tryDelivery(deps, tenantId, row, orders) : notStarted(deps, row)))),
  );
  await settle(deps, tenantId, shard, db, lease, rows, tried);
}

/** The pack took too long: what was not begun is rung again, with nothing recorded. */
async function notStarted(deps: DeliverDeps, row: ClaimedRow): Promise<Tried> {
  return { kind: "again", row, at: deps.now(), outcome: null, caught: null, signals: [], dead: null };
}

async function settle(
  deps: DeliverDeps,
  tenantId: string,
  shard: number,
  db: D1Database,
  lease: string,
  rows: readonly ClaimedRow[],
  tried: readonly Tried[],
): Promise<void> {
  const now = deps.now();
  const scope = { tenantId };
  const outcomes = tried.map((t) => t.outcome).filter((o): o is OutcomeRow => o !== null);
  const dead = tried.map((t) => t.dead).filter((d) => d !== null);
  const caught = tried.map((t) => t.caught).filter((c) => c !== null);
  const again = packAgain(deps, tried);
  const packs = packsOf(db, scope);
  const writes = () => [
    ...(outcomes.length > 0 ? [settleOf(db, scope).outcomes(outcomes, now)] : []),
    ...(again.length > 0 ? [packs.insertAgain(again, lease)] : []),
    ...(dead.length > 0 ? [insertDeadLetters(db, tenantId, dead)] : []),
    ...(caught.length > 0 ? [insertCaught(db, tenantId, caught), pruneCaught(db, tenantId)] : []),
    packs.finish([...new Set(rows.map((row) => row.pack))], lease),
  ];
  await commitStubbornly(deps, db, writes);
  await afterwards(deps, tenantId, shard, again, tried, now);
}

/** Waits between tries to write outcomes down, milliseconds. */
const COMMIT_AGAIN_MS = [100, 1000, 4000];

/** The provider has answered, so what it said must be written: every statement of it may run twice. */
async function commitStubbornly(deps: DeliverDeps, db: D1Database, writes: () => D1PreparedStatement[]): Promise<void> {
  for (const waitMs of COMMIT_AGAIN_MS) {
    try {
      await commit(db, writes());
      return;
    } catch (error) {
      deps.log({ level: "warn", event: "outcomes_not_written", error: String(error) });
      await deps.wait(waitMs);
    }
  }
  await commit(db, writes());
}

/** Bells of what is tried again, and signals. Lost ones are made good by the sweep, so a failure is logged, not thrown. */
async function afterwards(
  deps: DeliverDeps,
  tenantId: string,
  shard: number,
  again: readonly AgainPack[],
  tried: readonly Tried[],
  now: number,
): Promise<void> {
  const signals = tried.flatMap((t) => t.signals);
  const results = await Promise.allSettled([
    again.length === 0 ? undefined : deps.ringer.ring(bellsOf(tenantId, shard, again, (pack) => (pack.dueAt - now) / 1000)),
    signals.length === 0 ? undefined : deps.ringer.signal(tenantId, shard, signals),
  ]);
  for (const result of results) {
    if (result.status === "rejected") {
      deps.log({ level: "warn", event: "ring_failed", tenant_id: tenantId, error: String(result.reason) });
    }
  }
}

type AgainPack = Parameters<ReturnType<typeof packsOf>["insertAgain"]>[0][number];

/** What is tried again, packed by pack and second, so that neighbours that fail together come back together. */
function packAgain(deps: DeliverDeps, tried: readonly Tried[]): AgainPack[] {
  const packs = new Map<string, AgainPack & { refs: [string, Delivery["n"]][] }>();
  for (const t of tried) {
    if (t.kind !== "again" || t.row.id === null) continue;
    const dueAt = Math.ceil(t.at / 1000) * 1000;
    const slot = `${t.row.pack} ${dueAt}`;
    let pack = packs.get(slot);
    if (!pack) {
      pack = {
        id: newId("pak", deps.now(), deps.random),
        channel: t.row.channel,
        lane: t.row.lane,
        dueAt,
        refs: [],
        from: t.row.pack,
      };
      packs.set(slot, pack);
    }
    pack.refs.push([t.row.id, t.row.delivery]);
  }
  return [...packs.values()];
}
