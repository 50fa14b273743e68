import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import events from "../../testing/specs/event-status-map.json";
import { mailgun } from "./mailgun.ts";

const KEY = "a-signing-key-0123456789";

async function genuine(event: unknown, atMs: number) {
  const timestamp = String(Math.floor(atMs / 1000));
  const token = "0123456789abcdef0123456789abcdef0123456789abcdef01";
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey("raw", utf8(KEY), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const hmac = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(timestamp + token)));
  const signature = Array.from(hmac, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const body = JSON.stringify({ signature: { timestamp, token, signature }, "event-data": event });
  const url = new URL("https://carillon.test/hooks/email/mailgun/con_1");
  return { method: "POST", url, headers: new Headers({ "content-type": "application/json" }), body: utf8(body) };
}

let n = 0;
const event = (event: string, more: object = {}) => ({
  id: `event-${++n}`,
  timestamp: 1_795_176_000.125,
  event,
  recipient: "ada@customer.example",
  "user-variables": { attempt_id: ATTEMPT_ID, message_id: "msg_1" },
  message: { headers: { "message-id": "20261120120000.1.ABC@mg.acme.example", to: "ada@customer.example" } },
  ...more,
});
const failed = (severity: string, reason: string) =>
  event("failed", { severity, reason, "delivery-status": { code: 550, message: "no such user" } });

describeCallbacks({
  provider: mailgun,
  verification: { signing_key: KEY },
  foreign: { signing_key: `${KEY}x` },
  genuine,
  windowMs: 300_000,
  isBodySigned: false,
  headers: [],
  published: events.mailgun.map,
  named: {
    "failed/permanent": ["failed/permanent", "failed, bounced before", "failed, complained before", "failed, unsubscribed"],
  },
  samples: {
    delivered: [
      event("delivered", { "delivery-status": { code: 250, message: "OK" } }),
      {
        type: "delivered",
        attemptId: ATTEMPT_ID,
        providerMessageId: "20261120120000.1.ABC@mg.acme.example",
        at: 1_795_176_000_125,
        recipient: "ada@customer.example",
        code: "250",
        reason: "OK",
      },
    ],
    accepted: [event("accepted"), { type: "sent" }],
    "failed/temporary": [failed("temporary", "generic"), { type: "deferred", code: "550" }],
    "failed/permanent": [failed("permanent", "bounce"), { type: "bounced", suppress: "bounce", reason: "no such user" }],
    "failed, bounced before": [failed("permanent", "suppress-bounce"), { type: "bounced", suppress: "bounce" }],
    "failed, complained before": [failed("permanent", "suppress-complaint"), { type: "bounced", suppress: "complaint" }],
    "failed, unsubscribed": [failed("permanent", "suppress-unsubscribe"), { type: "bounced", suppress: "unsubscribe" }],
    "failed, tried for too long": [failed("permanent", "old"), { type: "bounced" }],
    "failed, of no known severity": [failed("odd", "generic"), null],
    rejected: [event("rejected", { reject: { reason: "Sandbox" } }), { type: "failed" }],
    complained: [event("complained"), { type: "complained", suppress: "complaint" }],
    unsubscribed: [event("unsubscribed"), { type: "unsubscribed", suppress: "unsubscribe" }],
    opened: [event("opened"), { type: "opened" }],
    clicked: [event("clicked", { url: "https://acme.example/" }), { type: "clicked", reason: "https://acme.example/" }],
    stored: [event("stored"), null],
  },
});

describe("callbacks of mailgun", () => {
  const read = (body: unknown, now: number) =>
    mailgun.callbacks?.read(
      {
        method: "POST",
        url: new URL("https://carillon.test/"),
        headers: new Headers(),
        body: new TextEncoder().encode(JSON.stringify(body)),
      },
      { signing_key: KEY },
      { now, certificate: () => Promise.reject(new Error("none")) },
    );
  const NOW = Date.UTC(2026, 10, 20, 12);

  test("are forged with another token, timestamp or signature, or without them", async () => {
    const { body } = await genuine(event("delivered"), NOW);
    const whole = JSON.parse(new TextDecoder().decode(body)) as { signature: Record<string, string> };
    const changes = [
      { token: "another" },
      { timestamp: String(NOW / 1000 + 1) },
      { signature: "00".repeat(32) },
      { signature: "zz" },
      { signature: "" },
      { signature: null },
      { token: undefined },
      { timestamp: {} },
    ];
    for (const change of changes) {
      expect(await read({ ...whole, signature: { ...whole.signature, ...change } }, NOW)).toMatchObject({ kind: "forged" });
    }
    expect(await read({ "event-data": event("delivered") }, NOW)).toMatchObject({ kind: "forged" });
    expect(await read(whole, NOW)).toMatchObject({ kind: "signals" });
  });

  test("say that their token is good for one body only", async () => {
    const { body } = await genuine(event("delivered"), NOW);
    expect(await read(JSON.parse(new TextDecoder().decode(body)), NOW)).toMatchObject({
      once: expect.stringMatching(/^\w{50}$/),
    });
  });
});
