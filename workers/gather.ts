/** Sorts a queue batch by tenant and message database. */
import type { z } from "zod";

interface Addressed {
  readonly tenant: string;
  readonly shard: number;
}

export interface Group<T> extends Addressed {
  readonly items: T[];
  readonly messages: Message[];
}

/** `strange`: bodies that do not have the shape (an older or newer release, or a stray message). */
export function gather<T extends Addressed>(
  messages: readonly Message[],
  shape: z.ZodType<T>,
): { groups: Group<T>[]; strange: Message[] } {
  const groups = new Map<string, Group<T>>();
  const strange: Message[] = [];
  for (const message of messages) {
    const parsed = shape.safeParse(message.body);
    if (!parsed.success) {
      strange.push(message);
      continue;
    }
    const { tenant, shard } = parsed.data;
    const slot = `${tenant} ${shard}`;
    const group = groups.get(slot) ?? { tenant, shard, items: [], messages: [] };
    group.items.push(parsed.data);
    group.messages.push(message);
    groups.set(slot, group);
  }
  return { groups: [...groups.values()], strange };
}
