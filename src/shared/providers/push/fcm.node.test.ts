/** Google's own schema as judge of what we send, and the whole body as it stands. */
import { describe, expect, test } from "vitest";
import { sendFlaws } from "../../testing/fcm-spec.ts";
import { fcm } from "./fcm.ts";
import type { PushEnvelope } from "./notification.ts";

const base: PushEnvelope = {
  attemptId: "att_1",
  messageId: "msg_1",
  to: "fid:dGVzdC1maWQtMDEyMzQ1Njc",
  tags: [],
  channel: "push",
  title: "Grüße",
  body: "📦",
};
const account = (settings: object = {}) => ({ connectionId: "c", credentials: { project_id: "acme-shop" }, settings });
const context = { now: Date.UTC(2026, 10, 20), callbackUrl: null, idempotencyKey: "k", session: "token" };

async function bodyOf(envelope: PushEnvelope, settings?: object): Promise<unknown> {
  return (await fcm.encode(envelope, account(settings), context)).json();
}

const cases: [string, PushEnvelope, object?][] = [
  ["to an installation", base],
  ["to a token", { ...base, to: "token:abc" }],
  [
    "with data, a link, a validity and a priority",
    { ...base, data: { k: "v" }, url: "https://a.example/", validitySeconds: 60, priority: "low" },
  ],
  ["with a link of the app's own", { ...base, url: "shop://orders/1" }],
  ["on a channel of the app", base, { android_channel_id: "orders" }],
];

describe("fcm, judged by Google's schema", () => {
  test.each(cases)("fits, %s", async (_, envelope, settings) => {
    expect(sendFlaws(await bodyOf(envelope, settings))).toEqual([]);
  });

  test("fits, as a probe", async () => {
    expect(sendFlaws(await (await fcm.probe.encode(account(), context)).json())).toEqual([]);
  });

  test("would have found a wrong field, a wrong type and a wrong word", () => {
    expect(sendFlaws({ message: { token: "t", notificaton: {} } })).toHaveLength(1);
    expect(sendFlaws({ message: { token: "t", data: { n: 1 } } })).toHaveLength(1);
    expect(sendFlaws({ message: { token: "t", android: { priority: "high" } } })).toHaveLength(1);
  });

  test("makes a notification that replaces its double on every platform, for as long as it is worth it", async () => {
    const envelope: PushEnvelope = { ...base, data: { order: "1" }, url: "https://a.example/", validitySeconds: 900 };
    expect(await bodyOf(envelope)).toEqual({
      message: {
        fid: "dGVzdC1maWQtMDEyMzQ1Njc",
        notification: { title: "Grüße", body: "📦" },
        data: { url: "https://a.example/", order: "1", carillon_message_id: "msg_1", carillon_attempt_id: "att_1" },
        android: { priority: "HIGH", ttl: "900s", notification: { tag: "msg_1" } },
        apns: {
          headers: { "apns-priority": "10", "apns-collapse-id": "msg_1", "apns-expiration": String(context.now / 1000 + 900) },
          payload: { aps: { sound: "default" } },
        },
        webpush: {
          headers: { TTL: "900", Urgency: "high", Topic: "msg_1" },
          notification: { tag: "msg_1" },
          fcm_options: { link: "https://a.example/" },
        },
      },
    });
  });
});
