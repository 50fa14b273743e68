/**
 * Resend's webhooks, signed by Svix: the Standard Webhooks scheme under other names of headers.
 * https://resend.com/docs/dashboard/webhooks/event-types
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, itemsOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { isFresh, isStandardWebhook } from "../signatures.ts";

const verification = z.strictObject({
  signing_secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,100}={0,2}$/, "A signing secret is whsec_ and base64.")
    .meta({ title: "Signing secret", format: "password" }),
});

export const resendCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ headers, body }, { signing_secret }, { now }) {
    const [id, timestamp, signatures] = [headers.get("svix-id"), headers.get("svix-timestamp"), headers.get("svix-signature")];
    if (id === null || timestamp === null || signatures === null) return forged("It is not signed.");
    if (!isFresh(timestamp, now)) return forged("Its timestamp is not of now.");
    const isGenuine = await isStandardWebhook(signing_secret, { id, timestamp, signatures }, body);
    if (!isGenuine) return forged("Its signature is wrong.");
    return reading([signalOf(id, fieldsOf(parseJson(body)), now) ?? []].flat());
  },
};

type Meaning = Pick<ProviderSignal, "type" | "suppress"> & { readonly code?: unknown; readonly reason?: unknown };

function signalOf(id: string, event: Fields, now: number): ProviderSignal | null {
  const data = fieldsOf(event.data);
  const meaning = meaningOf(event.type, data);
  const key = idOf(id);
  if (meaning === null || key === null) return null;
  const { type, suppress, code, reason } = meaning;
  return {
    attemptId: attemptIn(tagOf(data.tags, "attempt_id")),
    providerMessageId: idOf(data.email_id),
    key,
    type,
    at: timeOf(event.created_at, now),
    ...said({ recipient: itemsOf(data.to)[0] ?? data.to, code, reason }),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

/** Tags come as an object, and came as a list of names and values. */
function tagOf(tags: unknown, name: string): unknown {
  const listed = itemsOf(tags).map(fieldsOf);
  return listed.find((tag) => tag.name === name)?.value ?? fieldsOf(tags)[name];
}

function meaningOf(type: unknown, data: Fields): Meaning | null {
  switch (type) {
    case "email.sent":
    case "email.scheduled":
      return { type: "sent" };
    case "email.delivered":
      return { type: "delivered" };
    case "email.delivery_delayed":
      return { type: "deferred" };
    case "email.bounced": {
      const bounce = fieldsOf(data.bounce);
      const isHard = bounce.type === "Permanent";
      const code = [bounce.type, bounce.subType].filter((part) => typeof part === "string").join("/");
      return { type: "bounced", code, reason: bounce.message, ...(isHard ? { suppress: "bounce" } : {}) };
    }
    case "email.suppressed": {
      const { message } = fieldsOf(data.suppressed);
      return { type: "bounced", code: "suppressed", reason: message, suppress: "bounce" };
    }
    case "email.complained":
      return { type: "complained", suppress: "complaint" };
    case "email.failed":
      return { type: "failed", reason: fieldsOf(data.failed).reason };
    case "email.opened":
      return { type: "opened" };
    case "email.clicked":
      return { type: "clicked", reason: fieldsOf(data.click).link };
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}
