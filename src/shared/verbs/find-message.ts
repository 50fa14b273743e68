/** One message, wherever it is at this moment: in its gate until it is planned, then in its database. */
import { messageOf } from "../core/held-message.ts";
import { parseMessageId } from "../core/ids.ts";
import type { Message, Order } from "../core/message.ts";
import type { Caller } from "../core/tenant.ts";
import { messagesOf } from "../db/messages/read.ts";
import type { Deps } from "./deps.ts";

export interface FoundMessage {
  readonly message: Message;
  /** What its request asked for; null only where the order's row is gone. */
  readonly order: Order | null;
  /** Whether its gate still holds it. */
  readonly held: boolean;
  readonly dbShard: number;
  readonly gateShard: number;
}

type Reader = Pick<Caller, "tenantId" | "projectId" | "gateShards">;

/** Null for an id that is none, that is nobody's, or another project's. */
export async function findMessage(
  deps: Pick<Deps, "shards" | "gate" | "now">,
  caller: Reader,
  id: string,
): Promise<FoundMessage | null> {
  const place = parseMessageId(id);
  const db = place && deps.shards[place.dbShard];
  if (!place || !db || place.gateShard >= caller.gateShards) return null;
  const { dbShard, gateShard } = place;

  const row = async (): Promise<FoundMessage | null> => {
    const messages = messagesOf(db, caller, deps.now());
    const message = await messages.get(id);
    if (!message) return null;
    const order = message.order ?? (await messages.orders([message.orderRef ?? ""])).get(message.orderRef ?? "") ?? null;
    return { message, order, held: false, dbShard, gateShard };
  };
  const held = async (): Promise<FoundMessage | null> => {
    const submission = await deps.gate(caller.tenantId, gateShard).find(id);
    if (submission?.project_id !== caller.projectId) return null;
    const message = messageOf(caller.tenantId, submission, 0, deps.now());
    return { message, order: submission.order, held: true, dbShard, gateShard };
  };
  // It only ever moves from the gate to the database, so it cannot hide between the second look and the third.
  return (await row()) ?? (await held()) ?? (await row());
}
