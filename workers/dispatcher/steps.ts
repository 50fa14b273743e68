/** Queue batches to verbs: groups bells by tenant and database, and acknowledges group by group. */
import { bell } from "../../src/shared/contract/jobs.ts";
import { bury } from "../../src/shared/verbs/bury.ts";
import { deliver } from "../../src/shared/verbs/deliver.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import type { Lanes } from "../../src/shared/verbs/lanes.ts";
import { gather } from "../gather.ts";

/** The platform opens six connections an invocation at a time; a seventh would wait, with its lease running. */
const CONNECTIONS = 6;
/** Seconds until a batch that failed on our side comes again. */
const RETRY_DELAY_SECONDS = 5;

/** A bound on jobs under way, which those who ask share: each has a turn before anybody has a second one. */
export function fairLanes(width: number): () => Lanes {
  let free = width;
  /** Who waits, in the order of their turns; a queue is never empty. */
  const waiting: (() => void)[][] = [];
  const leave = (): void => {
    const queue = waiting.shift();
    if (!queue) {
      free += 1;
      return;
    }
    queue.shift()?.();
    if (queue.length > 0) waiting.push(queue);
  };
  return () => {
    const mine: (() => void)[] = [];
    return async (job) => {
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve) => {
          if (mine.push(resolve) === 1) waiting.push(mine);
        });
      }
      try {
        return await job();
      } finally {
        leave();
      }
    };
  };
}

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
