/** Unsubscribe links: made for a mail, and opened by whoever got it. All that they need is in them, however old the mail is. */

import { parseMessageId } from "../core/ids.ts";
import { parsePlace, placeText, type TrackedPlace } from "../core/tracking.ts";
import type { Deps } from "./deps.ts";
import { isSigned, signLink } from "./link-keys.ts";
import { suppress } from "./suppress.ts";

const PURPOSE = "unsubscribe";

export interface Leaving extends TrackedPlace {
  /** The mail's own recipient. */
  readonly destination: string;
}

/** `https://…/t/u/{key id}.{place}.{recipient}.{signature}` */
export async function unsubscribeUrlOf(deps: Pick<Deps, "linkSecret" | "publicUrl">, leaving: Leaving): Promise<string> {
  const text = textOf(leaving);
  const { keyId, mac } = await signLink(deps, { purpose: PURPOSE, tenantId: leaving.tenantId, text });
  return `${deps.publicUrl}/t/u/${keyId}.${text}.${mac}`;
}

function textOf(leaving: Leaving): string {
  const recipient = new TextEncoder().encode(leaving.destination).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${placeText(leaving)}.${recipient}`;
}

/** Null for a token that is not ours, or was changed. */
export async function openUnsubscribe(
  deps: Pick<Deps, "linkSecret" | "formerLinkSecrets">,
  token: string,
): Promise<Leaving | null> {
  const [keyId, at, recipient, mac, ...more] = token.split(".");
  const place = at === undefined ? null : parsePlace(at);
  if (keyId === undefined || place === null || recipient === undefined || mac === undefined || more.length > 0) return null;
  const signing = { purpose: PURPOSE, tenantId: place.tenantId, text: `${at}.${recipient}` };
  if (!(await isSigned(deps, signing, { keyId, mac }))) return null;
  return { ...place, destination: new TextDecoder().decode(Uint8Array.fromBase64(recipient, { alphabet: "base64url" })) };
}

/** On the list at once, and told to the message; twice is once. */
export async function unsubscribe(deps: Pick<Deps, "control" | "now" | "log" | "ringer">, leaving: Leaving): Promise<void> {
  const { tenantId, messageId, delivery, destination } = leaving;
  const from = { reason: "unsubscribe", source: "link", projectId: null, messageId } as const;
  await suppress(deps, tenantId, [{ channel: "email", destination, ...from }]);
  const shard = parseMessageId(messageId)?.dbShard;
  if (shard === undefined) return;
  const key = `unsubscribed:link:${delivery}`;
  await deps.ringer.signal(tenantId, shard, [{ message_id: messageId, key, type: "unsubscribed", at: deps.now(), delivery }]);
}
