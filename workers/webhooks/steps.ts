/** Queue batches to verbs. */
import { signalPack } from "../../src/shared/contract/jobs.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { record } from "../../src/shared/verbs/record.ts";
import { gather } from "../gather.ts";

/** Queue `events`: folds signals. A group that fails comes again by itself. */
export async function fold(deps: Deps, batch: MessageBatch): Promise<void> {
  const groups = gather(deps, batch, signalPack);
  await Promise.all(
    groups.map(async ({ tenant, shard, items, messages }) => {
      try {
        await record(
          deps,
          tenant,
          shard,
          items.flatMap((item) => item.signals),
        );
        for (const message of messages) message.ack();
      } catch (error) {
        deps.log({ level: "error", event: "record_failed", tenant_id: tenant, error: String(error) });
        for (const message of messages) message.retry({ delaySeconds: 5 });
      }
    }),
  );
}
