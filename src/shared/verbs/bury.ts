/**
 * Poison: bells whose consumer failed until the queue gave up. Their packs are looked at once more. What has killed
 * every process that held it becomes dead letters; a pack that only met a fault of ours (a database that was away)
 * is left to the sweep, and nothing of it is given up. Idempotent: a pack that is gone, or that a live consumer
 * holds, is left alone.
 */
import type { Bell } from "../contract/jobs.ts";
import type { GivenUp } from "../core/dead-letter.ts";
import { newId } from "../core/ids.ts";
import type { Delivery } from "../core/message.ts";
import { MOST_CRASHES, settleUntried } from "../core/untried.ts";
import { commit } from "../db/commit.ts";
import { insertDeadLetters } from "../db/messages/dead-letters.ts";
import { type ClaimedRow, packsOf } from "../db/messages/packs.ts";
import { type OutcomeRow, settleOf } from "../db/messages/settle.ts";
import type { CallBackDeps } from "./call-back.ts";
import type { Deps } from "./deps.ts";
import { tellOutcomes } from "./tell-outcomes.ts";

const LEASE_MS = 30_000;
const CODE = "consumer_crashed";
const REASON = "Every consumer that took this up crashed.";

type BuryDeps = Pick<Deps, "now" | "random" | "shards" | "log"> & CallBackDeps;

export async function bury(deps: BuryDeps, bells: readonly Bell[]): Promise<void> {
  const groups = new Map<string, Bell[]>();
  for (const bell of bells) {
    const slot = `${bell.tenant} ${bell.shard}`;
    groups.set(slot, [...(groups.get(slot) ?? []), bell]);
  }
  for (const mine of groups.values()) await buryIn(deps, mine);
}

async function buryIn(deps: BuryDeps, bells: readonly Bell[]): Promise<void> {
  const { tenant, shard } = bells[0] ?? { tenant: "", shard: -1 };
  const db = deps.shards[shard];
  if (!db) {
    deps.log({ level: "error", event: "bury_no_database", tenant_id: tenant, shard });
    return;
  }
  const now = deps.now();
  const scope = { tenantId: tenant };
  const packs = packsOf(db, scope);
  const ids = [...new Set(bells.map((bell) => bell.pack))];
  const lease = newId("lse", now, deps.random);
  const [, taken] = await commit(db, [
    packs.claimPoison(ids, lease, now, now + LEASE_MS, MOST_CRASHES),
    packs.claimed(ids, lease),
  ]);
  // As packsOf.claimed names its columns.
  const rows = (taken?.results ?? []) as unknown as ClaimedRow[];
  deps.log({ level: "error", event: "bells_died", tenant_id: tenant, packs: ids.length, deliveries_buried: rows.length });
  if (rows.length === 0) return;
  const given = rows.flatMap((row) => giveUp(row, now));
  const told = await tellOutcomes(deps, { tenantId: tenant, shard, db }, given);
  const results = await commit(db, [
    ...told.writes,
    ...(given.length > 0
      ? [
          settleOf(db, scope).outcomes(
            given.map((g) => g.outcome),
            now,
          ),
          insertDeadLetters(
            db,
            tenant,
            given.map((g) => g.letter),
          ),
        ]
      : []),
    packs.finish([...new Set(rows.map((row) => row.pack))], lease),
  ]);
  await told.ring(results);
}

function giveUp(row: ClaimedRow, now: number): { row: ClaimedRow; outcome: OutcomeRow; letter: GivenUp }[] {
  if (row.id === null || row.status !== "queued") return [];
  // Written by the planner and the settlements: an array of Delivery.
  const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  if (!delivery || delivery.phase === "sent" || delivery.phase === "failed") return [];
  const settled = settleUntried(delivery, { code: CODE, reason: REASON, now });
  // Whoever held the pack before may have died after the provider's yes.
  const after: Delivery = { ...settled.delivery, phase: "unknown" };
  return [
    {
      row,
      outcome: { messageId: row.id, delivery: after, events: settled.events, status: settled.status },
      letter: { projectId: row.project_id, messageId: row.id, delivery: after, code: CODE, reason: REASON, at: now },
    },
  ];
}
