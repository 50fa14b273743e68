/** Rings again what was lost: packs that are due, that nobody holds, and whose bell found nobody. */
import { commit } from "../db/commit.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { pruneDedupes } from "../db/messages/dedupes.ts";
import { packsOf, type RungPack } from "../db/messages/packs.ts";
import { bellsOf } from "./bells.ts";
import type { Deps } from "./deps.ts";

/** Packs rung a sweep and database: 100,000 messages in packs of 50. */
const RINGS_A_SWEEP = 2000;

/** A message that is planned so long after its due time still finds who was sent before it. */
const DEDUPE_GRACE_MS = 3_600_000;

/** How many packs of the tenant are still open, over its message databases. */
export async function sweep(
  deps: Pick<Deps, "now" | "control" | "shards" | "ringer" | "timing">,
  tenantId: string,
): Promise<number> {
  const shards = await tenantShards(deps.control, { tenantId });
  const counts = await Promise.all(
    shards.map(async (shard) => {
      const db = deps.shards[shard];
      if (!db) throw new Error(`there is no message database ${shard}`);
      const packs = packsOf(db, { tenantId });
      const [rung, count] = await commit(db, [
        packs.ringLost(deps.now(), RINGS_A_SWEEP, deps.timing.ringAgainMs),
        packs.countOpen(),
        pruneDedupes(db, deps.now() - DEDUPE_GRACE_MS),
      ]);
      const lost = (rung?.results ?? []) as unknown as RungPack[];
      if (lost.length > 0) {
        await deps.ringer.ring(bellsOf(tenantId, shard, lost));
      }
      return (count?.results[0] as { open: number } | undefined)?.open ?? 0;
    }),
  );
  return counts.reduce((sum, n) => sum + n, 0);
}
