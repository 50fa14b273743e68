/**
 * Telnyx's webhooks, signed with Ed25519 over `timestamp|body`.
 * https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, itemsOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { fromBase64, isFresh, joined } from "../signatures.ts";
import { optOutSignal, optOutWord } from "./opt-out.ts";
import { OPTED_OUT, outcomeOfCode } from "./telnyx-answers.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

const verification = z.strictObject({
  public_key: z
    .string()
    .max(100)
    .refine((text) => fromBase64(text)?.length === KEY_BYTES, "A public key is 32 bytes in base64.")
    .meta({ title: "Public key", description: "Of the account, in the portal beside its API keys." }),
});

export const telnyxCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ headers, body }, { public_key }, { now }) {
    const timestamp = headers.get("telnyx-timestamp") ?? "";
    const signature = fromBase64(headers.get("telnyx-signature-ed25519") ?? "");
    if (!isFresh(timestamp, now)) return forged("Its timestamp is not of now.");
    // The runtime throws at a signature of another length.
    if (signature?.length !== SIGNATURE_BYTES) return forged("It is not signed.");
    const key = fromBase64(public_key);
    if (key === null || !(await isSigned(key, signature, joined(`${timestamp}|`, body))))
      return forged("Its signature is wrong.");
    return reading([signalOf(fieldsOf(fieldsOf(parseJson(body)).data), now) ?? []].flat());
  },
};

async function isSigned(key: Uint8Array<ArrayBuffer>, signature: Uint8Array, signed: Uint8Array): Promise<boolean> {
  const publicKey = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify("Ed25519", publicKey, signature, signed);
}

function signalOf(event: Fields, now: number): ProviderSignal | null {
  const payload = fieldsOf(event.payload);
  const id = idOf(event.id);
  if (id === null) return null;
  if (event.event_type === "message.received") return inbound(payload, id, timeOf(event.occurred_at, now));
  const recipient = fieldsOf(itemsOf(payload.to)[0]);
  const meaning = meaningOf(event.event_type, recipient.status);
  if (meaning === null) return null;
  const error = fieldsOf(itemsOf(payload.errors)[0]);
  const code = typeof error.code === "number" ? String(error.code) : error.code;
  const isFailure = meaning === "failed";
  const suppress = isFailure && typeof code === "string" ? suppressOf(code) : undefined;
  const messageId = idOf(payload.id);
  return {
    attemptId:
      itemsOf(payload.tags)
        .map(attemptIn)
        .find((attempt) => attempt !== null) ?? null,
    providerMessageId: messageId,
    // Sent, and finalised without a word of the delivery, is one event.
    key: messageId !== null && meaning === "sent" ? `${messageId}:sent` : id,
    type: meaning,
    at: timeOf(event.occurred_at, now),
    ...said({
      recipient: recipient.phone_number,
      ...(isFailure ? { code: code ?? recipient.status, reason: error.detail ?? error.title } : {}),
    }),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

function meaningOf(type: unknown, status: unknown): ProviderSignal["type"] | null {
  if (type === "message.sent") return "sent";
  if (type !== "message.finalized") return null;
  switch (status) {
    case "delivered":
      return "delivered";
    case "sent":
    case "delivery_unconfirmed":
      return "sent";
    case "delivery_failed":
    case "sending_failed":
      return "failed";
    default: // an open list: what is new says nothing to us yet
      return null;
  }
}

function suppressOf(code: string): ProviderSignal["suppress"] {
  if (code === OPTED_OUT) return "unsubscribe";
  return outcomeOfCode(code) === "recipient_invalid" ? "invalid" : undefined;
}

function inbound(payload: Fields, id: string, at: number): ProviderSignal | null {
  return optOutSignal(optOutWord(payload.text), { key: id, at, recipient: fieldsOf(payload.from).phone_number });
}
