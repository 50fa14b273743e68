/** For the operator: open dead letters over all tenants and databases, and replaying them. */
import type { DeadLetterFilter } from "../core/dead-letter.ts";
import { Fault } from "../core/faults.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { type DeadLetterCount, type NewestDeadLetter, openDeadLetters } from "../db/messages/all-dead-letters.ts";
import type { Deps } from "./deps.ts";
import { type ReplayCounts, replayDeadLetters } from "./replay-dead-letters.ts";

const MOST_NEWEST = 20;

export async function surveyDeadLetters(
  deps: Pick<Deps, "shards">,
  filter: Omit<DeadLetterFilter, "state">,
): Promise<{ counts: DeadLetterCount[]; newest: NewestDeadLetter[] }> {
  const all = await Promise.all(deps.shards.map((db) => openDeadLetters(db, filter)));
  const sums = new Map<string, DeadLetterCount>();
  for (const c of all.flatMap((one) => one.counts)) {
    const slot = `${c.tenantId} ${c.channel} ${c.code}`;
    const known = sums.get(slot);
    sums.set(slot, known ? { ...c, open: known.open + c.open, newestAt: Math.max(known.newestAt, c.newestAt) } : c);
  }
  return {
    counts: [...sums.values()].sort((a, b) => b.open - a.open),
    newest: all
      .flatMap((one) => one.newest)
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, MOST_NEWEST),
  };
}

/** Of one tenant, or with null of every tenant that has any: those with most first, `limit` in all. */
export async function replayAnywhere(
  deps: Pick<Deps, "now" | "random" | "control" | "shards" | "ringer" | "gate" | "log">,
  ask: {
    readonly tenantId: string | null;
    readonly filter: Omit<DeadLetterFilter, "state">;
    readonly dryRun: boolean;
    readonly limit: number;
    readonly requestId: string;
  },
): Promise<ReplayCounts> {
  const tenants = ask.tenantId === null ? await tenantsWithLetters(deps, ask.filter) : [ask.tenantId];
  let sum: ReplayCounts = { matched: 0, replayed: 0, skipped: 0, more: false };
  for (const tenantId of tenants) {
    if (sum.matched >= ask.limit) return { ...sum, more: true };
    const shards = await tenantShards(deps.control, { tenantId });
    if (shards.length === 0) throw new Fault("not_found", { detail: "There is no such tenant." });
    const actor = { tenantId, projectId: null, name: "operator", requestId: ask.requestId };
    const part = await replayDeadLetters(deps, actor, shards, { ...ask, limit: ask.limit - sum.matched });
    sum = {
      matched: sum.matched + part.matched,
      replayed: sum.replayed + part.replayed,
      skipped: sum.skipped + part.skipped,
      more: sum.more || part.more,
    };
  }
  return sum;
}

async function tenantsWithLetters(deps: Pick<Deps, "shards">, filter: Omit<DeadLetterFilter, "state">): Promise<string[]> {
  const { counts } = await surveyDeadLetters(deps, filter);
  return [...new Set(counts.map((c) => c.tenantId))];
}
