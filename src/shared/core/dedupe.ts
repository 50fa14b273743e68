/** What makes two messages the same (`dedupe_window_seconds`), and what the later one becomes. Pure. */
import type { Channel } from "./channels.ts";
import type { Message, Order } from "./message.ts";

type Variables = Readonly<Record<string, unknown>>;

/** A request's variables are laid under each recipient's own up to this size; above it they are compared side by side. */
const MOST_MERGED_CHARS = 32_768;

/** JSON that is the same text for equal values: the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What an order says on a channel to everybody: the template's version or the inline part, locale, attachments. */
export function contentText(order: Order, channel: Channel): string {
  const source =
    order.template_id === undefined ? (order.content?.[channel] ?? null) : [order.template_id, order.template_version];
  return canonicalJson([source, order.locale ?? null, order.attachments ?? []]);
}

/** The variables that one recipient's content is made with. `shared`: `canonicalJson` of the order's own. */
export function variablesText(shared: string, variables: Variables | undefined, own: Variables | null): string {
  if (own === null) return shared;
  return shared.length > MOST_MERGED_CHARS ? canonicalJson([shared, own]) : canonicalJson({ ...variables, ...own });
}

/** Everything that must be equal, with hashes in place of the two texts. */
export function sameText(message: Message, contentHash: string, variablesHash: string): string {
  return JSON.stringify([message.projectId, message.mode, message.channel, message.recipient, contentHash, variablesHash]);
}

/** The message as it is kept where another of the same content stands for it. */
export function suppressedBy(message: Message, first: { readonly messageId: string; readonly until: number }): Message {
  const reason = `The same content went to this recipient as ${first.messageId}, whose window ends at ${new Date(first.until).toISOString()}.`;
  const at = message.updatedAt;
  return {
    ...message,
    status: "suppressed",
    log: [...message.log, { type: "suppressed", at, key: "suppressed", code: "duplicate", reason }],
  };
}
