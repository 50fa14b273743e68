/**
 * Vonage's status and inbound webhooks: a JWT (HS256) in the Authorization header, which holds the SHA-256 of the body.
 * https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { isSha256Hex, readHmacJwt } from "../signatures.ts";
import { optOutSignal, optOutWord } from "./opt-out.ts";
import { withPlus } from "./parts.ts";
import { codeOf, OPTED_OUT, outcomeOfCode } from "./vonage-answers.ts";

const verification = z.strictObject({ signature_secret: secretKey("Signature secret") });

/** It tries again for a day, and does not say whether it signs anew. A repeat has the key of the first, so it does no harm. */
const WINDOW_MS = 3_600_000;

export const vonageCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ headers, body }, { signature_secret }, { now }) {
    const token = /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const claims = token === undefined ? null : await readHmacJwt(token, signature_secret, ["HS256"]);
    if (claims === null) return forged("It is not signed, or by another.");
    if (typeof claims.iat !== "number" || Math.abs(now - claims.iat * 1000) > WINDOW_MS) return forged("It is not of now.");
    if (!(await isSha256Hex(claims.payload_hash, body))) return forged("Its body is not the one that was signed.");
    return reading([signalOf(fieldsOf(parseJson(body)), now) ?? []].flat());
  },
};

const TYPES: ReadonlyMap<unknown, ProviderSignal["type"]> = new Map([
  ["submitted", "sent"],
  ["delivered", "delivered"],
  ["read", "opened"],
  ["rejected", "failed"],
  ["undeliverable", "failed"],
]);

function signalOf(event: Fields, now: number): ProviderSignal | null {
  const id = idOf(event.message_uuid);
  if (id === null) return null;
  const at = timeOf(event.timestamp, now);
  if (event.status === undefined) return inbound(event, id, at);
  const type = TYPES.get(event.status);
  if (type === undefined) return null;
  const error = fieldsOf(event.error);
  const code = type === "failed" ? codeOf(error) : null;
  const suppress = code === null ? undefined : suppressOf(code);
  const reference = typeof event.client_ref === "string" ? event.client_ref.split(" ")[0] : null;
  return {
    attemptId: attemptIn(reference),
    providerMessageId: id,
    key: `${id}:${event.status}`,
    type,
    at,
    ...said({
      recipient: withPlus(event.to),
      ...(type === "failed" ? { code: code ?? event.status, reason: error.detail } : {}),
    }),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

function suppressOf(code: number): ProviderSignal["suppress"] {
  if (code === OPTED_OUT) return "unsubscribe";
  return outcomeOfCode(code) === "recipient_invalid" ? "invalid" : undefined;
}

function inbound(event: Fields, id: string, at: number): ProviderSignal | null {
  return optOutSignal(optOutWord(event.text), { key: id, at, recipient: withPlus(event.from) });
}
