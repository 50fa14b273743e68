import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/sms-errors.json";
import events from "../../testing/specs/sms-events.json";
import type { Callback } from "../provider.ts";
import type { SmsEnvelope } from "./parts.ts";
import { telnyx } from "./telnyx.ts";

const credentials = { api_key: "KEY0123456789ABCDEF_abcdef" };
const PROFILE = "4000eba1-a0c0-4563-9925-b25e842a7cb6";
const MESSAGE_ID = "msg_01M7WXHTZH0000004NNR5APDB9";

const bodyOf = (sent: Pick<Sent, "body">) => JSON.parse(sent.body) as { text: string; tags: readonly string[]; from?: string };
const error = (status: number, code: string) => answer(status, { errors: [{ code, title: "why", detail: "because" }] });
const codes = (status: number, row: string) => row.split("|").map((code) => error(status, code));

describeProvider({
  provider: telnyx,
  channel: "sms",
  account: { credentials, settings: { from: "ACME", messaging_profile_id: PROFILE } },
  open: [],
  origin: "https://api.telnyx.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => place !== ".text",
  attemptIdOf: (sent) => bodyOf(sent).tags[0] ?? null,
  textsOf: (sent) => [bodyOf(sent).text],
  success: answer(200, { data: { record_type: "message", id: "40385f64-5717-4562-b3fc-2c963f66afa6", parts: 1 } }),
  refuses: ["+12025550123", "+14165550123"],
  table: errors.telnyx,
  answers: {
    "401|403": [error(401, "10009"), error(403, "10010"), answer(401, "")],
    "422 40300": [error(422, "40300"), error(400, "40300")],
    "40001|10002|10016|40310": codes(422, "40001|10002|10016|40310"),
    "40002|40011": codes(422, "40002|40011"),
    "40003": [error(422, "40003")],
    "40004|40006": codes(422, "40004|40006"),
    "40005": [error(422, "40005")],
    "40008": [error(422, "40008")],
    "40009": [error(422, "40009")],
    "429 10011": [error(429, "10011"), answer(429, "")],
    "10008|10007": codes(422, "10008|10007"),
    "409|422 idempotency mismatch": [error(409, "10027"), error(422, "10027")],
    "5xx": [answer(500, ""), error(502, "10007"), answer(503, ""), answer(504, "")],
  },
  elsewhere: {},
  // "Suppress after repeats": one refusal of a carrier is not enough.
  otherwise: { "40008": "permanent" },
});

const NOW = Date.UTC(2026, 10, 20, 12);
const { publicKey, privateKey } = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, [
  "sign",
  "verify",
])) as CryptoKeyPair;
const other = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
const base64 = (buffer: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const rawKey = async (key: CryptoKey) => base64((await crypto.subtle.exportKey("raw", key)) as ArrayBuffer);

async function posted(event: unknown, atMs: number): Promise<Callback> {
  const text = JSON.stringify(event);
  const timestamp = String(Math.floor(atMs / 1000));
  const signature = await crypto.subtle.sign("Ed25519", privateKey, new TextEncoder().encode(`${timestamp}|${text}`));
  return {
    method: "POST",
    url: new URL("https://carillon.test/hooks/sms/telnyx/con_1"),
    headers: new Headers({ "telnyx-signature-ed25519": base64(signature), "telnyx-timestamp": timestamp }),
    body: new TextEncoder().encode(text),
  };
}

let n = 0;
const event = (event_type: string, payload: object) => ({
  data: { record_type: "event", id: `86f58db9-${++n}`, event_type, occurred_at: "2026-11-20T11:59:00.000Z", payload },
  meta: { attempt: 1 },
});
const outbound = (type: string, status: string, more: object = {}) =>
  event(type, {
    id: `40385f64-${++n}`,
    direction: "outbound",
    tags: [ATTEMPT_ID, MESSAGE_ID],
    to: [{ phone_number: "+447700900123", status }],
    errors: [],
    ...more,
  });
const failed = (status: string, code: string) =>
  outbound("message.finalized", status, { errors: [{ code, title: "why", detail: "because" }] });
const received = (text: string) =>
  event("message.received", { id: `in-${++n}`, direction: "inbound", text, from: { phone_number: "+447700900123" } });

describeCallbacks({
  provider: telnyx,
  verification: { public_key: await rawKey(publicKey) },
  foreign: { public_key: await rawKey(other.publicKey) },
  genuine: posted,
  windowMs: 300_000,
  isBodySigned: true,
  headers: ["telnyx-signature-ed25519", "telnyx-timestamp"],
  published: events.telnyx.map,
  named: {
    "message.finalized/delivery_failed|sending_failed": ["delivery_failed", "sending_failed"],
    "message.received": ["STOP"],
  },
  samples: {
    "message.sent": [
      outbound("message.sent", "sent"),
      { type: "sent", attemptId: ATTEMPT_ID, recipient: "+447700900123", at: NOW - 60_000 },
    ],
    "message.finalized/delivered": [outbound("message.finalized", "delivered"), { type: "delivered", attemptId: ATTEMPT_ID }],
    "message.finalized/delivery_unconfirmed": [outbound("message.finalized", "delivery_unconfirmed"), { type: "sent" }],
    delivery_failed: [failed("delivery_failed", "40004"), { type: "failed", code: "40004", reason: "because" }],
    sending_failed: [failed("sending_failed", "40008"), { type: "failed", code: "40008" }],
    "a landline": [failed("delivery_failed", "40001"), { type: "failed", suppress: "invalid" }],
    "one who had stopped": [failed("sending_failed", "40300"), { type: "failed", suppress: "unsubscribe" }],
    "no code": [outbound("message.finalized", "delivery_failed"), { type: "failed", code: "delivery_failed" }],
    STOP: [received("stop"), { type: "unsubscribed", attemptId: null, recipient: "+447700900123", suppress: "unsubscribe" }],
    START: [received(" Start "), { resubscribes: true, recipient: "+447700900123" }],
    "another message": [received("hello"), null],
    "a status that is new": [outbound("message.finalized", "teleported"), null],
    "an event that is new": [event("message.teleported", {}), null],
  },
});

describe("telnyx", () => {
  const sms: SmsEnvelope = { attemptId: "att_1", messageId: "msg_1", to: "+12025550123", tags: [], channel: "sms", text: "Hi" };
  const sent = async (given: object) => {
    const account = { connectionId: "c", credentials, settings: telnyx.settings.parse(given) };
    return JSON.parse(await (await telnyx.encode(sms, account, CONTEXT)).text()) as Record<string, unknown>;
  };

  test("sends from a number, from a profile's pool, or from the country's own sender", async () => {
    expect(await sent({ from: "+15550001111" })).toMatchObject({ from: "+15550001111", webhook_url: CONTEXT.callbackUrl });
    expect(await sent({ messaging_profile_id: PROFILE })).not.toHaveProperty("from");
    expect(await sent({ from: "ACME", senders: { US: "+12025550100" } })).toMatchObject({ from: "+12025550100" });
    expect(telnyx.settings.safeParse({}).success).toBe(false);
  });

  test("names the attempt and the message", async () => {
    expect(await sent({ from: "+15550001111" })).toMatchObject({ tags: ["att_1", "msg_1"] });
  });

  test("probes the key by the account's balance", () => {
    const data = { record_type: "balance", balance: "300.00", available_credit: "400.00", currency: "USD" };
    expect(telnyx.probe.decode(answer(200, { data }))).toEqual({ ok: true, detail: "The key works; 400.00 USD are left." });
    expect(telnyx.probe.decode(error(401, "10009"))).toMatchObject({ ok: false, code: "10009" });
  });

  test.each(["", "AAAA", "not base64!"])("takes no public key %j", (public_key) => {
    expect(telnyx.callbacks?.verification.safeParse({ public_key }).success).toBe(false);
  });
});
