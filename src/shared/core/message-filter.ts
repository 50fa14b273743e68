/** What a list of messages may be narrowed by. The same words for rows (db/messages/read.ts) and for what gates hold. */
import type { Channel, Priority } from "./channels.ts";
import type { Message, Mode } from "./message.ts";
import type { Status } from "./status.ts";

export interface MessageFilter {
  readonly mode?: Mode | undefined;
  readonly status?: Status | undefined;
  readonly channel?: Channel | undefined;
  readonly priority?: Priority | undefined;
  /** The ways in which the recipient may have been written down; any of them matches. */
  readonly recipients?: readonly string[] | undefined;
  /** `order_shipped` for every version, `order_shipped:v3` for one. */
  readonly template?: string | undefined;
  readonly tag?: string | undefined;
  /** Milliseconds since 1970, inclusive. */
  readonly createdAfter?: number | undefined;
  /** Milliseconds since 1970, exclusive. */
  readonly createdBefore?: number | undefined;
}

export function matches(message: Message, filter: MessageFilter): boolean {
  const is = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value;
  return (
    is(filter.mode, message.mode) &&
    is(filter.status, message.status) &&
    is(filter.channel, message.channel) &&
    is(filter.priority, message.priority) &&
    (filter.template === undefined || isTemplate(message.template, filter.template)) &&
    (filter.recipients === undefined || filter.recipients.includes(message.recipient)) &&
    (filter.tag === undefined || message.tags.includes(filter.tag)) &&
    (filter.createdAfter === undefined || message.createdAt >= filter.createdAfter) &&
    (filter.createdBefore === undefined || message.createdAt < filter.createdBefore)
  );
}

function isTemplate(template: string | null, wanted: string): boolean {
  return template === wanted || template?.startsWith(`${wanted}:v`) === true;
}
