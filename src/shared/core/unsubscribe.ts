/** One-click unsubscription (RFC 8058): who is offered it, and what stands in the mail. Pure. */
import type { EmailContent, Envelope, Order } from "./message.ts";

/** Which mails of a project carry it, where a send does not say: those of the category `marketing`, all, or none. */
export const UNSUBSCRIBE_MODES = ["marketing", "all", "none"] as const;
export type UnsubscribeMode = (typeof UNSUBSCRIBE_MODES)[number];

const MARKETING = "marketing";

export function offersUnsubscribe(
  { unsubscribe }: Pick<Order, "unsubscribe">,
  category: string | null,
  mode: UnsubscribeMode,
): boolean {
  if (unsubscribe !== undefined) return unsubscribe;
  switch (mode) {
    case "marketing":
      return category === MARKETING;
    case "all":
      return true;
    case "none":
      return false;
  }
}

/** The mail with both headers, unless whoever wrote it has brought a way of their own. Others as they are. */
export function withUnsubscribe(envelope: Envelope, url: string): Envelope {
  if (envelope.channel !== "email" || hasOwn(envelope.headers)) return envelope;
  const headers = { ...envelope.headers, "List-Unsubscribe": `<${url}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" };
  return { ...envelope, headers };
}

function hasOwn(headers: EmailContent["headers"]): boolean {
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "list-unsubscribe");
}

/** Enough of an address for its owner to know it, and for nobody else: `a•••@example.com`. */
export function shownAddress(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 1 ? "•••" : `${address.slice(0, 1)}•••${address.slice(at)}`;
}
