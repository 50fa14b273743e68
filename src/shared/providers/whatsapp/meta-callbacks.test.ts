import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import map from "../../testing/specs/chat-errors.json";
import type { Callback } from "../provider.ts";
import { meta } from "./meta.ts";
import { metaCallbacks } from "./meta-callbacks.ts";

const verification = { app_secret: "0123456789abcdef0123456789abcdef", verify_token: "carillon-verify-token" };
const SECONDS = 1_795_176_000;

function status(name: string, more: object = {}) {
  const own = { id: "wamid.HBgL", recipient_id: "447700900123", biz_opaque_callback_data: ATTEMPT_ID };
  return { ...own, status: name, timestamp: String(SECONDS), ...more };
}

const failed = (code: number) =>
  status("failed", {
    id: `wamid.${code}`,
    errors: [{ code, title: "title", message: "message", error_data: { details: "why" } }],
  });

const value = (statuses: readonly unknown[]) => ({
  messaging_product: "whatsapp",
  metadata: { display_phone_number: "15550100", phone_number_id: "106540352242922" },
  statuses,
});

async function posted(payload: unknown, secret: string = verification.app_secret): Promise<Callback> {
  // Meta escapes what is not ASCII, so that its bytes are not those of JSON.stringify.
  const text = JSON.stringify(payload).replaceAll(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const body = new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, body)).toHex();
  return {
    method: "POST",
    url: new URL("https://carillon.test/hooks/whatsapp/meta/con_1"),
    headers: new Headers({ "x-hub-signature-256": `sha256=${signature}`, "content-type": "application/json" }),
    body,
  };
}

const payload = (statuses: readonly unknown[]) => ({
  object: "whatsapp_business_account",
  entry: [{ id: "1", changes: [{ field: "messages", value: value(statuses) }] }],
});

describeCallbacks({
  provider: meta,
  verification,
  foreign: { ...verification, app_secret: "f".repeat(32) },
  genuine: (event) => posted(payload(Array.isArray(event) ? event : [event])),
  samples: {
    sent: [status("sent"), { type: "sent", at: SECONDS * 1000, recipient: "+447700900123" }],
    delivered: [status("delivered", { conversation: { id: "c" }, pricing: { category: "utility" } }), { type: "delivered" }],
    read: [status("read"), { type: "opened" }],
    played: [status("played"), { type: "opened" }],
    failed: [failed(131026), { type: "failed", code: "131026", reason: "why" }],
    "opted out": [failed(131050), { type: "failed", code: "131050", suppress: "unsubscribe" }],
    "outside the window": [failed(131047), { type: "failed", code: "131047" }],
    deleted: [status("deleted"), null],
    "an incoming message": [{ id: "wamid.x", from: "447700900123", type: "text", text: { body: "é" } }, null],
  },
  published: map.whatsapp_events.map,
  together: (events) => events,
  windowMs: null,
  isBodySigned: true,
  headers: ["x-hub-signature-256"],
});

describe("callbacks of meta", () => {
  const read = (callback: Callback) => {
    const certificate = () => Promise.reject(new Error("it needs none"));
    return metaCallbacks.read(callback, verification, { now: 0, certificate });
  };
  const asked = (query: string): Callback => ({
    method: "GET",
    url: new URL(`https://carillon.test/hooks/whatsapp/meta/con_1?${query}`),
    headers: new Headers(),
    body: new Uint8Array(),
  });

  test("answer the challenge of whoever knows the verify token, and nobody else's", async () => {
    const token = `hub.verify_token=${verification.verify_token}`;
    expect(await read(asked(`hub.mode=subscribe&${token}&hub.challenge=1158201444`))).toEqual({
      kind: "challenge",
      body: "1158201444",
    });
    for (const query of [
      "",
      `hub.mode=subscribe&${token}`,
      `hub.mode=unsubscribe&${token}&hub.challenge=1`,
      "hub.mode=subscribe&hub.verify_token=other&hub.challenge=1",
      "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
      `hub.mode=subscribe&${token}&hub.challenge=%3Cscript%3E`,
    ]) {
      expect(await read(asked(query)), query).toMatchObject({ kind: "forged" });
    }
  });

  test("are read from every entry and every change", async () => {
    const one = { changes: [{ value: value([status("sent")]) }, { value: value([status("delivered")]) }] };
    const reading = await read(await posted({ entry: [one, { changes: [{ value: value([status("read")]) }] }] }));
    expect(reading).toMatchObject({ signals: [{ type: "sent" }, { type: "delivered" }, { type: "opened" }] });
  });

  test("are verified as they came, escapes and all", async () => {
    const event = failed(131026);
    const odd = { ...event, errors: [{ code: 131026, title: "Grüße 📦" }] };
    expect(await read(await posted(payload([odd])))).toMatchObject({ signals: [{ reason: "Grüße 📦" }] });
  });
});
