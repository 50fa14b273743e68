/** Queue batches to verbs: groups bells by tenant and database, and acknowledges group by group. */
import { bell } from "../../src/shared/contract/jobs.ts";
import { bury } from "../../src/shared/verbs/bury.ts";
import { deliver, type Lanes } from "../../src/shared/verbs/deliver.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { gather } from "../gather.ts";

/** The platform opens six connections an invocation at a time; a seventh would wait, with its lease running. */
const CONNECTIONS = 6;
/** Seconds until a batch that failed on our side comes again. */
const RETRY_DELAY_SECONDS = 5;

/** A bound on jobs under way. Jobs never wait for one another, so it cannot deadlock. */
export function lanesOf(width: number): Lanes {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

export async function ring(deps: Deps, batch: MessageBatch): Promise<void> {
  const lanes = lanesOf(CONNECTIONS);
  const groups = gather(deps, batch, bell);
  await Promise.all(
    groups.map(async ({ tenant, shard, items, messages }) => {
      try {
        await deliver(deps, tenant, shard, items, lanes);
        for (const message of messages) message.ack();
      } catch (error) {
        deps.log({ level: "error", event: "deliver_failed", queue: batch.queue, tenant_id: tenant, error: String(error) });
        for (const message of messages) message.retry({ delaySeconds: RETRY_DELAY_SECONDS * message.attempts });
      }
    }),
  );
}

/** Dead bells: five consumers died of them. Their packs become dead letters. */
export async function mourn(deps: Deps, batch: MessageBatch): Promise<void> {
  const groups = gather(deps, batch, bell);
  for (const { items, messages } of groups) {
    await bury(deps, items);
    for (const message of messages) message.ack();
  }
}
