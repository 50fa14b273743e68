/** Queue batches to verbs: groups bells by tenant and database, and acknowledges group by group. */
import { bell } from "../../src/shared/contract/jobs.ts";
import { bury } from "../../src/shared/verbs/bury.ts";
import { deliver } from "../../src/shared/verbs/deliver.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { fairLanes } from "../fair-lanes.ts";
import { gather } from "../gather.ts";

/** The platform opens six connections an invocation at a time; a seventh would wait, with its lease running. */
const CONNECTIONS = 6;
/** Seconds until a batch that failed on our side comes again. */
const RETRY_DELAY_SECONDS = 5;

export async function ring(deps: Deps, batch: MessageBatch): Promise<void> {
  const lanes = fairLanes(CONNECTIONS);
  const groups = gather(deps, batch, bell);
  await Promise.all(
    groups.map(async ({ tenant, shard, items, messages }) => {
      try {
        await deliver(deps, tenant, shard, items, lanes());
        for (const message of messages) message.ack();
      } catch (error) {
        deps.log({ level: "error", event: "deliver_failed", queue: batch.queue, tenant_id: tenant, error: String(error) });
        for (const message of messages) message.retry({ delaySeconds: RETRY_DELAY_SECONDS * message.attempts });
      }
    }),
  );
}

/** Dead bells: five consumers failed with them. */
export async function mourn(deps: Deps, batch: MessageBatch): Promise<void> {
  const groups = gather(deps, batch, bell);
  for (const { items, messages } of groups) {
    await bury(deps, items);
    for (const message of messages) message.ack();
  }
}
