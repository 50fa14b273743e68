/**
 * SendGrid's signed event webhook: a list of events, each of one recipient.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, itemsOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { fromBase64, isFresh, joined } from "../signatures.ts";

/** SubjectPublicKeyInfo of an uncompressed point on P-256 (RFC 5480): what stands before its 64 bytes. */
const P256_SPKI = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const isP256 = (key: string) => {
  const bytes = fromBase64(key);
  return (
    bytes?.length === 91 &&
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
      .join("")
      .startsWith(P256_SPKI)
  );
};

const verification = z.strictObject({
  public_key: z
    .string()
    .max(200)
    .refine(isP256, "It is the verification key as SendGrid shows it: base64 of a public key on P-256.")
    .meta({ title: "Verification key", description: "Shown by SendGrid under Mail Settings, Event Webhook, Security." }),
});

export const sendgridCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ headers, body }, { public_key }, { now }) {
    const signature = headers.get("x-twilio-email-event-webhook-signature");
    const timestamp = headers.get("x-twilio-email-event-webhook-timestamp");
    if (signature === null || timestamp === null) return forged("It is not signed.");
    if (!isFresh(timestamp, now)) return forged("Its timestamp is not of now.");
    const spki = fromBase64(public_key);
    const raw = rawSignature(fromBase64(signature));
    if (spki === null || raw === null) return forged("Its signature is none.");
    const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const isGenuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, joined(timestamp, body));
    if (!isGenuine) return forged("Its signature is wrong.");
    return reading(itemsOf(parseJson(body)).flatMap((event) => signalOf(fieldsOf(event), now) ?? []));
  },
};

/** DER (`SEQUENCE { INTEGER r, INTEGER s }`) → the 64 bytes r‖s that WebCrypto takes; null for anything else. */
function rawSignature(der: Uint8Array | null): Uint8Array<ArrayBuffer> | null {
  if (der === null || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const r = integerAt(der, 2);
  const s = r === null ? null : integerAt(der, 4 + r.length);
  if (r === null || s === null || 6 + r.length + s.length !== der.length) return null;
  const raw = new Uint8Array(64);
  for (const [bytes, end] of [[r, 32] as const, [s, 64] as const]) {
    const digits = bytes[0] === 0 ? bytes.subarray(1) : bytes;
    if (digits.length > 32) return null;
    raw.set(digits, end - digits.length);
  }
  return raw;
}

/** The bytes of the INTEGER at an offset, without its tag and length. */
function integerAt(der: Uint8Array, at: number): Uint8Array | null {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  return der[at] === 0x02 && length > 0 && length <= 33 && end <= der.length ? der.subarray(at + 2, end) : null;
}

type Meaning = Pick<ProviderSignal, "type" | "suppress"> & { readonly code?: unknown; readonly reason?: unknown };

function signalOf(event: Fields, now: number): ProviderSignal | null {
  const meaning = meaningOf(event);
  const key = idOf(event.sg_event_id);
  if (meaning === null || key === null) return null;
  const { type, suppress, code, reason } = meaning;
  return {
    attemptId: attemptIn(event.carillon_attempt_id),
    // What Mail Send answered as X-Message-Id stands before the first dot.
    providerMessageId: idOf(event.sg_message_id)?.replace(/\..*$/s, "") || null,
    key,
    type,
    at: timeOf(event.timestamp, now),
    ...said({ recipient: event.email, code, reason }),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

/** Why SendGrid did not even try: what it knows of the address. */
const DROPPED: ReadonlyMap<unknown, ProviderSignal["suppress"]> = new Map([
  ["Bounced Address", "bounce"],
  ["Spam Reporting Address", "complaint"],
  ["Unsubscribed Address", "unsubscribe"],
  ["Invalid", "invalid"],
] as const);

function meaningOf(event: Fields): Meaning | null {
  switch (event.event) {
    case "processed":
      return { type: "sent" };
    case "delivered":
      return { type: "delivered", reason: event.response };
    case "deferred":
      return { type: "deferred", reason: event.response };
    case "bounce": {
      // `blocked` is about the mail or the sender, and may pass; `bounce` is about the address.
      const isHard = event.type === "bounce";
      return { type: "bounced", code: event.status, reason: event.reason, ...(isHard ? { suppress: "bounce" } : {}) };
    }
    case "dropped": {
      const suppress = DROPPED.get(event.reason);
      return { type: "failed", code: "dropped", reason: event.reason, ...(suppress === undefined ? {} : { suppress }) };
    }
    case "open":
      return { type: "opened", ...(event.sg_machine_open === true ? { code: "machine" } : {}) };
    case "click":
      return { type: "clicked", reason: event.url };
    case "spamreport":
      return { type: "complained", suppress: "complaint" };
    case "unsubscribe":
      return { type: "unsubscribed", suppress: "unsubscribe" };
    case "group_unsubscribe":
      // From one group of mails: the address itself still wants the others.
      return { type: "unsubscribed", code: `group_${event.asm_group_id}` };
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}
