import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import events from "../../testing/specs/event-status-map.json";
import vectors from "../../testing/specs/standard-webhooks-vectors.json";
import { isStandardWebhook } from "../signatures.ts";
import { resend } from "./resend.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const utf8 = (text: string) => new TextEncoder().encode(text);

async function genuine(event: unknown, atMs: number) {
  const id = `msg_${(event as { data?: { email_id?: string } } | null)?.data?.email_id ?? "x"}`.replaceAll(/[^\x21-\x7e]/g, "_");
  const timestamp = String(Math.floor(atMs / 1000));
  const body = JSON.stringify(event);
  const raw = Uint8Array.from(atob(SECRET.slice(6)), (c) => c.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const hmac = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(`${id}.${timestamp}.${body}`)));
  const headers = new Headers({
    "svix-id": id,
    "svix-timestamp": timestamp,
    "svix-signature": `v1,AAAA v2,x v1,${btoa(String.fromCharCode(...hmac))}`,
  });
  return { method: "POST", url: new URL("https://carillon.test/hooks/email/resend/con_1"), headers, body: utf8(body) };
}

let n = 0;
const event = (type: string, more: object = {}) => ({
  type,
  created_at: "2026-11-20T12:00:01.126Z",
  data: {
    email_id: `email-${++n}`,
    from: "Acme <no-reply@acme.example>",
    to: ["ada@customer.example"],
    subject: "Hello",
    tags: { attempt_id: ATTEMPT_ID, message_id: "msg_1" },
    ...more,
  },
});
const bounced = (type: string) => event("email.bounced", { bounce: { type, subType: "General", message: "550 unknown" } });

describeCallbacks({
  provider: resend,
  verification: { signing_secret: SECRET },
  foreign: { signing_secret: "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH" },
  genuine,
  windowMs: 300_000,
  isBodySigned: true,
  headers: ["svix-id", "svix-timestamp", "svix-signature"],
  published: events.resend.map,
  named: { "email.bounced": ["email.bounced, for good"] },
  samples: {
    "email.delivered": [
      event("email.delivered"),
      {
        type: "delivered",
        attemptId: ATTEMPT_ID,
        providerMessageId: "email-1",
        key: "msg_email-1",
        at: Date.UTC(2026, 10, 20, 12, 0, 1, 126),
        recipient: "ada@customer.example",
      },
    ],
    "email.sent": [event("email.sent"), { type: "sent" }],
    "email.scheduled": [event("email.scheduled"), { type: "sent" }],
    "email.delivery_delayed": [event("email.delivery_delayed"), { type: "deferred" }],
    "email.bounced, for good": [
      bounced("Permanent"),
      { type: "bounced", suppress: "bounce", code: "Permanent/General", reason: "550 unknown" },
    ],
    "email.bounced, for now": [bounced("Transient"), { type: "bounced", code: "Transient/General" }],
    "email.complained": [event("email.complained"), { type: "complained", suppress: "complaint" }],
    "email.failed": [
      event("email.failed", { failed: { reason: "reached_daily_quota" } }),
      { type: "failed", reason: "reached_daily_quota" },
    ],
    "email.suppressed": [
      event("email.suppressed", { suppressed: { message: "on the list" } }),
      { type: "bounced", suppress: "bounce", code: "suppressed" },
    ],
    "email.opened": [event("email.opened"), { type: "opened" }],
    "email.clicked": [
      event("email.clicked", { click: { link: "https://acme.example/" } }),
      { type: "clicked", reason: "https://acme.example/" },
    ],
    "tags as a list": [
      event("email.opened", { tags: [{ name: "attempt_id", value: ATTEMPT_ID }], to: "ada@customer.example" }),
      { type: "opened", attemptId: ATTEMPT_ID, recipient: "ada@customer.example" },
    ],
    "email.received": [event("email.received"), null],
    "domain.updated": [event("domain.updated"), null],
  },
});

describe("standard webhooks", () => {
  test.each(vectors.vectors)("verify the published vector: $name", async ({ secret, id, timestamp, payload, signature }) => {
    const check = (over: object = {}, body = payload) =>
      isStandardWebhook(secret, { id, timestamp: String(timestamp), signatures: signature, ...over }, utf8(body));
    expect(await check()).toBe(true);
    expect(await check({ signatures: `v1,xx ${signature}` })).toBe(true);
    for (const over of [
      { id: `${id}x` },
      { timestamp: "1" },
      { signatures: "v1," },
      { signatures: signature.replace("v1", "v2") },
    ]) {
      expect(await check(over)).toBe(false);
    }
    expect(await check({}, `${payload} `)).toBe(false);
  });
});
