import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import vectors from "../../testing/specs/messagebird-signature-vectors.json";
import errors from "../../testing/specs/sms-errors.json";
import events from "../../testing/specs/sms-events.json";
import type { Callback } from "../provider.ts";
import { contentRefusal } from "../supports.ts";
import { bird } from "./bird.ts";
import type { SmsEnvelope } from "./parts.ts";

const credentials = { access_key: "live_0123456789abcdefghijklm" };
const KEY = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb";
const MESSAGE_ID = "msg_01M7WXHTZH0000004NNR5APDB9";

const bodyOf = (sent: Pick<Sent, "body">) => JSON.parse(sent.body) as { body: string; reference: string };
const error = (status: number, code: number, parameter: string | null = null) =>
  answer(status, { errors: [{ code, description: "why", parameter }] });

describeProvider({
  provider: bird,
  channel: "sms",
  account: { credentials, settings: { from: "ACME" } },
  open: [],
  origin: "https://rest.messagebird.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => place !== ".body",
  attemptIdOf: (sent) => bodyOf(sent).reference.split(" ")[0] ?? null,
  textsOf: (sent) => [bodyOf(sent).body],
  success: answer(201, {
    id: "e8077d803532c0b5937c639b60216938",
    recipients: { items: [{ recipient: 447700900123, status: "sent" }] },
  }),
  refuses: ["+12025550123", "+14165550123"],
  table: errors.messagebird,
  answers: {
    "401 code 2": [error(401, 2, "access_key"), answer(401, "")],
    "403|405 | 402 code 25": [answer(403, ""), answer(405, ""), error(402, 25), error(422, 25)],
    "404 code 20|98": [error(404, 20), error(404, 98)],
    "422 code 9|10|21": [error(422, 9, "body"), error(422, 10, "validity"), error(422, 21), answer(422, "")],
    "422 code 9|10 on recipients": [error(422, 9, "recipients"), error(422, 10, "recipients")],
    "422 code 10 on originator": [error(422, 10, "originator")],
    "429": [answer(429, "")],
    "HTTP 5xx | code 99": [answer(500, ""), error(503, 99), error(422, 99)],
  },
  elsewhere: {},
});

/** Any JSON as a parameter. */
const textOf = (value: unknown) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
const NOW = Date.UTC(2026, 10, 20, 12);
const hex = (buffer: ArrayBuffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function reported(event: unknown, atMs: number): Promise<Callback> {
  const url = new URL("https://carillon.test/hooks/sms/bird/con_1");
  const fields = typeof event === "object" && event !== null ? event : { event };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, textOf(value));
  const seconds = Math.floor(atMs / 1000);
  const token = await new SignJWT({
    url_hash: hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(url.href))),
    jti: "j",
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("MessageBird")
    .setNotBefore(seconds - 60)
    .setExpirationTime(seconds + 60)
    .sign(new TextEncoder().encode(KEY));
  return { method: "GET", url, headers: new Headers({ "messagebird-signature-jwt": token }), body: new Uint8Array() };
}

let n = 0;
const report = (status: string, more: object = {}) => ({
  attempt: ATTEMPT_ID,
  id: `e8077d80${++n}`,
  mccmnc: "23410",
  ported: "0",
  recipient: "447700900123",
  reference: `${ATTEMPT_ID} ${MESSAGE_ID}`,
  status,
  statusDatetime: "2026-11-20T11:59:00+00:00",
  ...more,
});

describeCallbacks({
  provider: bird,
  verification: { signing_key: KEY },
  foreign: { signing_key: `${KEY}0` },
  genuine: reported,
  windowMs: 65_000,
  isBodySigned: true,
  inUrl: true,
  headers: ["messagebird-signature-jwt"],
  published: events.messagebird.map,
  samples: {
    delivered: [
      report("delivered"),
      { type: "delivered", attemptId: ATTEMPT_ID, providerMessageId: "e8077d801", recipient: "+447700900123", at: NOW - 60_000 },
    ],
    scheduled: [report("scheduled"), { type: "sent" }],
    sent: [report("sent"), { type: "sent", attemptId: ATTEMPT_ID }],
    buffered: [report("buffered"), { type: "deferred" }],
    expired: [report("expired"), { type: "bounced", code: "expired" }],
    delivery_failed: [
      report("delivery_failed", { statusErrorCode: "1", statusReason: "unknown subscriber" }),
      { type: "failed", code: "1", reason: "unknown subscriber" },
    ],
    "a status that is new": [report("teleported"), null],
  },
});

describe("bird", () => {
  const sms: SmsEnvelope = {
    attemptId: ATTEMPT_ID,
    messageId: MESSAGE_ID,
    to: "+447400123456",
    tags: [],
    channel: "sms",
    text: "Hi",
  };
  const account = (given: object = { from: "ACME" }) => ({
    connectionId: "c",
    credentials,
    settings: bird.settings.parse(given),
  });

  test("writes numbers without a plus, from the country's own sender", async () => {
    const request = await bird.encode(sms, account({ from: "ACME", senders: { GB: "+447400000000" } }), CONTEXT);
    expect(await request.json()).toMatchObject({
      originator: "447400000000",
      recipients: ["447400123456"],
      reportUrl: CONTEXT.callbackUrl,
    });
  });

  test("takes nine segments of either encoding", () => {
    const refused = (text: string) => contentRefusal(bird, { ...sms, text }, account())?.code ?? null;
    expect([refused("x".repeat(9 * 153)), refused("й".repeat(9 * 67))]).toEqual([null, null]);
    expect([refused("x".repeat(9 * 153 + 1)), refused("й".repeat(9 * 67 + 1))]).toEqual(["too_long", "too_long"]);
  });

  test("probes the key by the account's balance", () => {
    expect(bird.probe.decode(answer(200, { payment: "prepaid", type: "credits", amount: 42.5 }))).toMatchObject({ ok: true });
    expect(bird.probe.decode(error(401, 2, "access_key"))).toMatchObject({ ok: false, code: "2" });
  });

  test.each(vectors.vectors)(
    "verifies as published: $name",
    async ({ method, secret, url, timestamp, token, valid, ...more }) => {
      const body = new TextEncoder().encode("payload" in more ? String(more.payload) : "");
      const callback = { method, url: new URL(url), headers: new Headers({ "messagebird-signature-jwt": token }), body };
      const context = { now: Date.parse(timestamp), certificate: () => Promise.reject(new Error("none")) };
      expect((await bird.callbacks?.read(callback, { signing_key: secret }, context))?.kind !== "forged").toBe(valid);
    },
  );
});
