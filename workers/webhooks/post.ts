/** Queue `callbacks`: bells of packs that are to be posted to customers. */
import { bell } from "../../src/shared/contract/jobs.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import type { Lanes } from "../../src/shared/verbs/lanes.ts";
import { claimCallbacks, type HeldPack, namesOf, postPack } from "../../src/shared/verbs/post-callbacks.ts";
import { fairLanes } from "../fair-lanes.ts";
import { gather } from "../gather.ts";

/** The platform opens six connections an invocation at a time. A batch is as large, so that each endpoint in it has one. */
const CONNECTIONS = 6;
/** Posts to one endpoint at the same time, of one invocation. */
const MOST_TO_ONE = 4;
const RETRY_DELAY_SECONDS = 5;
/** A batch waits no longer for slow endpoints: their posts go on behind it, and their packs are held by a lease. */
const PATIENCE_MS = 1000;

/** `goOn` keeps the invocation alive for work that the batch does not wait for. */
export async function post(
  deps: Deps,
  batch: MessageBatch,
  goOn: (work: Promise<unknown>) => void,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const groups = gather(deps, batch, bell);
  const claimed = await Promise.all(
    groups.map(async ({ tenant, shard, items, messages }): Promise<HeldPack[]> => {
      try {
        const held = await claimCallbacks(deps, tenant, shard, items);
        for (const message of messages) message.ack();
        return held;
      } catch (error) {
        deps.log({ level: "error", event: "callbacks_not_claimed", tenant_id: tenant, error: String(error) });
        for (const message of messages) message.retry({ delaySeconds: RETRY_DELAY_SECONDS * message.attempts });
        return [];
      }
    }),
  );
  const held = claimed.flat();
  if (held.length === 0) return;
  const lanesOf = shared(new Set(held.flatMap(namesOf)).size);
  const work = Promise.all(
    held.map(async (pack) => {
      try {
        await postPack(deps, pack, lanesOf);
      } catch (error) {
        // The row stands under its lease: when that has run out, the sweep rings for it.
        deps.log({ level: "error", event: "callbacks_not_settled", tenant_id: pack.hold.tenantId, error: String(error) });
      }
    }),
  );
  goOn(work);
  await Promise.race([work, deps.wait(patienceMs)]);
}

/** Connections shared out evenly among so many endpoints, so that a slow one takes none of another's. */
function shared(endpoints: number): (name: string) => Lanes {
  const most = Math.min(MOST_TO_ONE, Math.max(1, Math.floor(CONNECTIONS / Math.max(1, endpoints))));
  const all = fairLanes(CONNECTIONS);
  const byName = new Map<string, Lanes>();
  return (name) => {
    const known = byName.get(name);
    if (known) return known;
    const few = fairLanes(most)();
    const turn = all();
    const lanes: Lanes = (job) => few(() => turn(job));
    byName.set(name, lanes);
    return lanes;
  };
}
