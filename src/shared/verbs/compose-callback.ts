/** The body of a claimed callback. */
import { bodyOf, type MessageFacts, messageBody } from "../core/customer-event.ts";
import type { MessageEvent } from "../core/message.ts";
import { type ClaimedCallback, deliveryOf } from "../db/messages/callback-packs.ts";

/** An event of no message, as its row keeps it. */
export interface OtherEvent {
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Casts what the writers of these columns put in: our own JSON. */
export function composeCallback(row: ClaimedCallback, id: string): string {
  if (row.message_id === null) {
    const { at, data } = JSON.parse(row.event) as OtherEvent;
    return bodyOf({ id, type: row.type, at }, data, ["details"]);
  }
  const event = JSON.parse(row.event) as MessageEvent;
  return messageBody({ id, type: row.type, at: event.at }, event, row.message_id, factsOf(row, row.message_id, event));
}

function factsOf(row: ClaimedCallback, messageId: string, event: MessageEvent): MessageFacts | null {
  if (row.mode === null) return null;
  return {
    messageId,
    projectId: row.project_id,
    mode: row.mode,
    channel: row.channel,
    recipient: row.recipient,
    template: row.template,
    category: row.category,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    requestId: row.request_id,
    metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, unknown>),
    delivery: event.delivery === undefined ? null : deliveryOf(row),
  };
}
