/**
 * Statuses of WhatsApp messages. One app has one callback, whatever its numbers: attempts are known by our own id.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks · signed over the bytes as they came, without a time.
 */
import { z } from "zod";
import type { Callback, CallbackReading, Callbacks, ProviderSignal } from "../provider.ts";
import { attemptIn, type Fields, fieldsOf, forged, idOf, itemsOf, parseJson, reading, said, timeOf } from "../signals.ts";
import { fromHex, isHmacSha256, isSameText, joined } from "../signatures.ts";

const verification = z.strictObject({
  app_secret: z
    .string()
    .regex(/^[0-9a-f]{32,64}$/, "It has hexadecimal digits only.")
    .meta({ title: "App secret", description: "Of the Meta app that sends the callbacks.", format: "password" }),
  verify_token: z
    .string()
    .regex(/^[\x21-\x7e]{8,200}$/, "8 to 200 characters without spaces.")
    .meta({ title: "Verify token", description: "Made up by you, and given to Meta beside this URL.", format: "password" }),
});

type Verification = z.output<typeof verification>;

export const metaCallbacks: Callbacks<Verification> = {
  verification,
  async read(callback, given, { now }) {
    if (callback.method === "GET") return challenge(callback, given);
    const { headers, body } = callback;
    const [, digits = ""] = /^sha256=([0-9a-f]{64})$/.exec(headers.get("x-hub-signature-256") ?? "") ?? [];
    const signature = fromHex(digits);
    if (signature === null || signature.length === 0) return forged("It is not signed.");
    if (!(await isHmacSha256(joined(given.app_secret), signature, body))) return forged("Its signature is wrong.");
    return reading(statusesIn(fieldsOf(parseJson(body))).flatMap((status) => signalOf(status, now) ?? []));
  },
};

/** Meta asks once, when the URL is put in: https://developers.facebook.com/docs/graph-api/webhooks/getting-started */
async function challenge({ url }: Callback, { verify_token }: Verification): Promise<CallbackReading> {
  const of = (name: string) => url.searchParams.get(`hub.${name}`) ?? "";
  if (of("mode") !== "subscribe" || !/^\w{1,100}$/.test(of("challenge"))) return forged("It is no challenge.");
  if (!(await isSameText(of("verify_token"), verify_token))) return forged("Its verify token is another.");
  return { kind: "challenge", body: of("challenge") };
}

function statusesIn(payload: Fields): Fields[] {
  return itemsOf(payload.entry).flatMap((entry) =>
    itemsOf(fieldsOf(entry).changes).flatMap((change) =>
      itemsOf(fieldsOf(fieldsOf(change).value).statuses).map((status) => fieldsOf(status)),
    ),
  );
}

const TYPES: ReadonlyMap<unknown, ProviderSignal["type"]> = new Map([
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["read", "opened"],
  ["played", "opened"],
  ["failed", "failed"],
] as const);

/** Who stopped a business's marketing messages. Undeliverable (131026) may pass: a phone that was off for long is no wrong number. */
const OPTED_OUT = 131050;

function signalOf(status: Fields, now: number): ProviderSignal | null {
  const type = TYPES.get(status.status);
  const id = idOf(status.id);
  if (type === undefined || id === null) return null;
  const error = fieldsOf(itemsOf(status.errors)[0]);
  const who =
    typeof status.recipient_id === "string" && /^\d{5,20}$/.test(status.recipient_id) ? `+${status.recipient_id}` : undefined;
  return {
    attemptId: attemptIn(status.biz_opaque_callback_data),
    providerMessageId: id,
    key: `${id}:${String(status.status)}`,
    type,
    at: timeOf(typeof status.timestamp === "string" ? Number(status.timestamp) : status.timestamp, now),
    ...said({
      recipient: who,
      code: error.code,
      reason: fieldsOf(error.error_data).details ?? error.message ?? error.title,
    }),
    ...(type === "failed" && error.code === OPTED_OUT ? { suppress: "unsubscribe" as const } : {}),
  };
}
