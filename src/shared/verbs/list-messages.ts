/** A page of a project's messages, newest first, over all of its databases and what its gates still hold. */
import { messageOf } from "../core/held-message.ts";
import type { Message, Order } from "../core/message.ts";
import { type MessageFilter, matches } from "../core/message-filter.ts";
import type { Caller } from "../core/tenant.ts";
import { mergePages, type Page } from "../db/messages/pages.ts";
import { messagesOf } from "../db/messages/read.ts";
import type { Gate } from "../ports/gate.ts";
import type { Deps } from "./deps.ts";

/** Held messages asked of a gate at once, and how often for one page. */
const HELD_CHUNK = 200;
const HELD_CALLS = 10;

export interface ListedMessage {
  readonly message: Message;
  readonly order: Order | null;
}

/**
 * At most `limit` messages with an id below `before`. `nextBefore` is null on the last page; a page may be
 * short and still have a next one, where a narrow filter made it look at very many messages.
 */
export async function listMessages(
  deps: Pick<Deps, "shards" | "gate" | "now">,
  caller: Pick<Caller, "tenantId" | "projectId" | "gateShards" | "dbShards">,
  query: { readonly filter: MessageFilter; readonly before: string | null; readonly limit: number },
): Promise<{ messages: ListedMessage[]; nextBefore: string | null }> {
  const orders = new Map<string, Order>();
  // One more than is shown tells whether there is a next page.
  const input = { caller, query: { ...query, limit: query.limit + 1 }, now: deps.now(), orders };
  // Gates first, rows second: what moves in between is seen twice and shown once, never missed.
  const held = await Promise.all(
    Array.from({ length: caller.gateShards }, (_, shard) => heldPage(deps.gate(caller.tenantId, shard), input)),
  );
  const stored = await Promise.all(
    caller.dbShards.flatMap((shard) => {
      const db = deps.shards[shard];
      return db ? [storedPage(db, input)] : [];
    }),
  );
  // The row wins over what a gate held a moment before.
  const page = mergePages([...stored, ...held], query.limit);
  return {
    messages: page.rows.map((message) => ({
      message,
      order: message.order ?? orders.get(message.orderRef ?? "") ?? null,
    })),
    nextBefore: page.floor,
  };
}

interface PageInput {
  readonly caller: Pick<Caller, "tenantId" | "projectId">;
  readonly query: { readonly filter: MessageFilter; readonly before: string | null; readonly limit: number };
  readonly now: number;
  /** Where the page leaves the orders that it read. */
  readonly orders: Map<string, Order>;
}

async function storedPage(db: D1Database, { caller, query, now, orders }: PageInput): Promise<Page<Message>> {
  const repository = messagesOf(db, caller, now);
  const page = await repository.list(query.filter, query.before, query.limit);
  const refs = page.rows.flatMap((m) => (m.orderRef === null ? [] : [m.orderRef]));
  for (const [ref, order] of await repository.orders(refs)) orders.set(ref, order);
  return page;
}

async function heldPage(gate: Gate, { caller, query, now }: PageInput): Promise<Page<Message>> {
  const found: Message[] = [];
  let before = query.before;
  for (let call = 0; call < HELD_CALLS; call++) {
    const page = await gate.held({ projectId: caller.projectId, before, limit: HELD_CHUNK });
    for (const submission of page.submissions) {
      const message = messageOf(caller.tenantId, submission, 0, now);
      if (!matches(message, query.filter)) continue;
      found.push(message);
      if (found.length === query.limit) return { rows: found, floor: message.id };
    }
    if (page.floor === null) return { rows: found, floor: null };
    before = page.floor;
  }
  return { rows: found, floor: before };
}
