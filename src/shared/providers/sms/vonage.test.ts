import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/sms-errors.json";
import events from "../../testing/specs/sms-events.json";
import type { Callback } from "../provider.ts";
import { contentRefusal } from "../supports.ts";
import type { SmsEnvelope } from "./parts.ts";
import { vonage } from "./vonage.ts";

const credentials = { api_key: "abcd1234", api_secret: "the-api-secret-of-vonage" };
const SECRET = "a-signature-secret-of-vonage-0123456789";
const MESSAGE_ID = "msg_01M7WXHTZH0000004NNR5APDB9";

const bodyOf = (sent: Pick<Sent, "body">) => JSON.parse(sent.body) as { text: string; client_ref: string; from: string };
const problem = (status: number, code: string) =>
  answer(status, {
    type: `https://developer.vonage.com/api-errors/messages#${code}`,
    title: "why",
    detail: "because",
    instance: "i",
  });
const codes = (row: string, status = 422) => row.split("|").map((code) => problem(status, code));
const rowOf = (row: string) => [row, codes(row)] as const;

describeProvider({
  provider: vonage,
  channel: "sms",
  account: { credentials, settings: { from: "ACME" } },
  open: ["api_key"],
  origin: "https://api.nexmo.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => place !== ".text",
  attemptIdOf: (sent) => bodyOf(sent).client_ref.split(" ")[0] ?? null,
  textsOf: (sent) => [bodyOf(sent).text],
  success: answer(202, { message_uuid: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab" }),
  refuses: ["+12025550123", "+14165550123"],
  table: errors.vonage,
  answers: {
    "401|403": [
      answer(401, { type: "https://developer.vonage.com/api-errors#unauthorized", title: "Unauthorized" }),
      answer(403, ""),
    ],
    "402": [problem(402, "1070"), answer(402, "")],
    "429 | 1000": [answer(429, ""), problem(422, "1000")],
    ...Object.fromEntries(
      [
        "1010|1020|1022|1090|1130",
        "1040|1170|1250",
        "1050",
        "1060|1070|1080|1120",
        "1100|1260",
        "1180|1220|1230",
        "1190|1200",
        "1240",
        "1210|1280",
      ].map(rowOf),
    ),
    "any other code on HTTP 4xx": [problem(422, "1999"), answer(422, { title: "Invalid params" }), answer(400, "")],
    "1030 | HTTP 5xx": [problem(422, "1030"), answer(500, ""), problem(503, "1000")],
  },
  elsewhere: {},
});

const NOW = Date.UTC(2026, 10, 20, 12);
const hex = (buffer: ArrayBuffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function posted(event: unknown, atMs: number): Promise<Callback> {
  const body = new TextEncoder().encode(JSON.stringify(event));
  const claims = { iss: "Vonage", jti: "j", api_key: "abcd1234", payload_hash: hex(await crypto.subtle.digest("SHA-256", body)) };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(Math.floor(atMs / 1000))
    .sign(new TextEncoder().encode(SECRET));
  const url = new URL("https://carillon.test/hooks/sms/vonage/con_1");
  return { method: "POST", url, headers: new Headers({ authorization: `Bearer ${token}` }), body };
}

let n = 0;
const status = (name: string, more: object = {}) => ({
  message_uuid: `aaaaaaaa-${++n}`,
  channel: "sms",
  to: "447700900123",
  from: "ACME",
  timestamp: "2026-11-20T11:59:00.000Z",
  status: name,
  client_ref: `${ATTEMPT_ID} ${MESSAGE_ID}`,
  ...more,
});
const error = (code: number) => ({
  error: { type: `https://developer.vonage.com/api-errors/messages#${code}`, title: code, detail: "because" },
});
const inbound = (text: string) => ({
  message_uuid: `in-${++n}`,
  channel: "sms",
  message_type: "text",
  to: "447700900000",
  from: "447700900123",
  timestamp: "2026-11-20T11:59:00.000Z",
  text,
});

describeCallbacks({
  provider: vonage,
  verification: { signature_secret: SECRET },
  foreign: { signature_secret: `${SECRET}x` },
  genuine: posted,
  windowMs: 3_600_000,
  isBodySigned: true,
  headers: ["authorization"],
  published: events.vonage.map,
  samples: {
    submitted: [
      status("submitted"),
      { type: "sent", attemptId: ATTEMPT_ID, providerMessageId: "aaaaaaaa-1", recipient: "+447700900123", at: NOW - 60_000 },
    ],
    delivered: [status("delivered"), { type: "delivered", attemptId: ATTEMPT_ID }],
    read: [status("read"), { type: "opened" }],
    rejected: [status("rejected", error(1210)), { type: "failed", code: "1210", reason: "because" }],
    undeliverable: [status("undeliverable"), { type: "failed", code: "undeliverable" }],
    "a number that there is not": [status("rejected", error(1250)), { type: "failed", suppress: "invalid" }],
    "one who has opted out": [status("rejected", error(1240)), { type: "failed", suppress: "unsubscribe" }],
    "a number barred by Vonage": [status("rejected", error(1050)), { type: "failed", code: "1050" }],
    STOP: [inbound("STOP"), { type: "unsubscribed", attemptId: null, recipient: "+447700900123", suppress: "unsubscribe" }],
    START: [inbound("start"), { resubscribes: true, recipient: "+447700900123" }],
    "another message": [inbound("hello"), null],
    "a status that is new": [status("teleported"), null],
  },
});

describe("vonage", () => {
  const sms: SmsEnvelope = {
    attemptId: ATTEMPT_ID,
    messageId: MESSAGE_ID,
    to: "+12025550123",
    tags: [],
    channel: "sms",
    text: "Hi",
  };
  const account = (given: object) => ({ connectionId: "c", credentials, settings: vonage.settings.parse(given) });
  const sent = async (given: object, more: object = {}) =>
    JSON.parse(await (await vonage.encode({ ...sms, ...more }, account(given), CONTEXT)).text()) as Record<string, unknown>;

  test("writes numbers without a plus, and both ids into a reference of at most 100 characters", async () => {
    const body = await sent({ from: "ACME", senders: { US: "+12025550100" } });
    expect(body).toMatchObject({ to: "12025550123", from: "12025550100", webhook_url: CONTEXT.callbackUrl });
    expect(body.client_ref).toBe(`${ATTEMPT_ID} ${MESSAGE_ID}`);
    expect(String(body.client_ref).length).toBeLessThanOrEqual(100);
  });

  test("keeps the validity within bounds, and takes 1000 characters", async () => {
    expect((await sent({ from: "12345" }, { validitySeconds: 1 })).ttl).toBe(20);
    expect((await sent({ from: "12345" }, { validitySeconds: 900.7 })).ttl).toBe(900);
    expect(await sent({ from: "12345" })).not.toHaveProperty("ttl");
    expect(contentRefusal(vonage, { ...sms, text: "x".repeat(1000) }, account({ from: "12345" }))).toBeNull();
    expect(contentRefusal(vonage, { ...sms, text: "x".repeat(1001) }, account({ from: "12345" }))).toMatchObject({
      code: "too_long",
    });
  });

  test("probes the account by its balance", () => {
    expect(vonage.probe.decode(answer(200, { value: 10.28, autoReload: false }))).toMatchObject({ ok: true });
    expect(vonage.probe.decode(answer(200, { value: 0, autoReload: false }))).toMatchObject({ ok: false, code: "no_credit" });
    expect(vonage.probe.decode(answer(401, ""))).toMatchObject({ ok: false, code: "http_401" });
  });

  test("believes no token of another algorithm", async () => {
    const genuine = await posted(status("delivered"), NOW);
    const [, payload] = (genuine.headers.get("authorization") ?? "").split(".");
    const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${payload}.`;
    const headers = new Headers({ authorization: `Bearer ${none}` });
    const reading = await vonage.callbacks?.read(
      { ...genuine, headers },
      { signature_secret: SECRET },
      { now: NOW, certificate: () => Promise.reject(new Error("none")) },
    );
    expect(reading).toMatchObject({ kind: "forged" });
  });
});
