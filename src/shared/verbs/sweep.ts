/** Rings again what was lost: packs that are due, that nobody holds, and whose bell found nobody; of deliveries and of callbacks. */
import { commit } from "../db/commit.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { callbackPacksOf } from "../db/messages/callback-packs.ts";
import { pruneDedupes } from "../db/messages/dedupes.ts";
import { earlySignalsOf, signalsIn } from "../db/messages/early-signals.ts";
import { packsOf, type RungPack } from "../db/messages/packs.ts";
import { bellsOf } from "./bells.ts";
import { ringCallbacks } from "./call-back.ts";
import type { Deps } from "./deps.ts";
import { takeUpEarly } from "./early.ts";
import { tellNotices } from "./tell-notices.ts";

/** Packs rung a sweep and database: 100,000 messages in packs of 50. */
const RINGS_A_SWEEP = 2000;

/** A message that is planned so long after its due time still finds who was sent before it. */
const DEDUPE_GRACE_MS = 3_600_000;

/** How many packs of the tenant are still open, over its message databases. */
export async function sweep(
  deps: Pick<Deps, "now" | "random" | "log" | "control" | "shards" | "ringer" | "callbackBells" | "gate" | "timing">,
  tenantId: string,
): Promise<number> {
  await tellNotices(deps, tenantId);
  const shards = await tenantShards(deps.control, { tenantId });
  const counts = await Promise.all(
    shards.map(async (shard) => {
      const db = deps.shards[shard];
      if (!db) throw new Error(`there is no message database ${shard}`);
      const packs = packsOf(db, { tenantId });
      const early = earlySignalsOf(db, { tenantId });
      const callbacks = callbackPacksOf(db, { tenantId });
      const [rung, count, rungCallbacks, callbackCount, matched] = await commit(db, [
        packs.ringLost(deps.now(), RINGS_A_SWEEP, deps.timing.ringAgainMs),
        packs.countOpen(),
        callbacks.ringLost(deps.now(), RINGS_A_SWEEP, deps.timing.ringAgainMs),
        callbacks.countOpen(),
        early.matched(),
        early.prune(deps.now()),
        pruneDedupes(db, deps.now() - DEDUPE_GRACE_MS),
      ]);
      await takeUpEarly(deps, { tenantId, shard, db }, signalsIn(matched));
      const lost = (rung?.results ?? []) as unknown as RungPack[];
      if (lost.length > 0) {
        await deps.ringer.ring(bellsOf(tenantId, shard, lost));
      }
      const lostCallbacks = (rungCallbacks?.results ?? []) as unknown as { id: string }[];
      await ringCallbacks(
        deps,
        { tenantId, shard },
        lostCallbacks.map(({ id }) => id),
      );
      return openIn(count) + openIn(callbackCount);
    }),
  );
  return counts.reduce((sum, n) => sum + n, 0);
}

function openIn(result: D1Result | undefined): number {
  return (result?.results[0] as { open: number } | undefined)?.open ?? 0;
}
