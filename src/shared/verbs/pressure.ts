/** How much of a tenant waits in the shared queues: what a gate that holds back asks before it goes on. */
import type { Pressure } from "../core/flow.ts";
import { commit } from "../db/commit.ts";
import { packsOf, pressureOf } from "../db/messages/packs.ts";
import type { Deps } from "./deps.ts";

export async function pressure(
  deps: Pick<Deps, "now" | "shards">,
  tenantId: string,
  dbShards: readonly number[],
): Promise<Pressure[]> {
  const all = await Promise.all(
    dbShards.map(async (shard) => {
      const db = deps.shards[shard];
      if (!db) throw new Error(`there is no message database ${shard}`);
      const now = deps.now();
      const [found] = await commit(db, [packsOf(db, { tenantId }).pressure(now)]);
      return pressureOf(found, shard, now);
    }),
  );
  return all.flat();
}
