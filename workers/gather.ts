/** Sorts a queue batch by tenant and message database. */
import type { z } from "zod";
import type { Deps } from "../src/shared/verbs/deps.ts";

interface Addressed {
  readonly tenant: string;
  readonly shard: number;
}

export interface Group<T> extends Addressed {
  readonly items: T[];
  readonly messages: Message[];
}

/**
 * The batch's bodies by tenant and database. A body that does not have the shape (of another release, or a stray
 * message) is logged and acknowledged: it would never be understood.
 */
export function gather<T extends Addressed>(deps: Pick<Deps, "log">, batch: MessageBatch, shape: z.ZodType<T>): Group<T>[] {
  const groups = new Map<string, Group<T>>();
  for (const message of batch.messages) {
    const parsed = shape.safeParse(message.body);
    if (!parsed.success) {
      deps.log({ level: "error", event: "strange_message", queue: batch.queue, id: message.id });
      message.ack();
      continue;
    }
    const { tenant, shard } = parsed.data;
    const slot = `${tenant} ${shard}`;
    const group = groups.get(slot) ?? { tenant, shard, items: [], messages: [] };
    group.items.push(parsed.data);
    group.messages.push(message);
    groups.set(slot, group);
  }
  return [...groups.values()];
}
