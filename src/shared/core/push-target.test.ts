import { describe, expect, test } from "vitest";
import vector from "../testing/specs/rfc8291-webpush-vector.json";
import { normaliseDestination } from "./destination.ts";
import { parsePushTarget, pushTargetText } from "./push-target.ts";

const FCM = `fGxyZ0123456789abcdefg:APA91b${"x_-".repeat(45)}`;
const HEX = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
const keys = { p256dh: vector.vector.ua_public, auth: vector.vector.auth_secret };
const endpoint = "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV";
const subscription = (over: object = {}) => JSON.stringify({ endpoint, keys, ...over });

const normalised = (text: string) => {
  const result = normaliseDestination("push", text);
  return result.ok ? result.destination : null;
};

describe("a push target", () => {
  test.each([
    ["fid:dGVzdC1maWQtMDEyMzQ1Njc", "fid", "fid:dGVzdC1maWQtMDEyMzQ1Njc"],
    [`token:${FCM}`, "fcm", `token:${FCM}`],
    [FCM, "fcm", `token:${FCM}`],
    ["token:an-old-one", "fcm", "token:an-old-one"],
    [`apns:${HEX}`, "apns", `apns:${HEX}`],
    [` ${HEX.toUpperCase()} `, "apns", `apns:${HEX}`],
    ["ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]", "expo", "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]"],
    ["ExpoPushToken[a-b_c]", "expo", "ExpoPushToken[a-b_c]"],
    ["device-token", "opaque", "device-token"],
    ["fail:flaky-2:device-1", "opaque", "fail:flaky-2:device-1"],
  ])("%s is kept with its kind, in one spelling", (text, kind, spelling) => {
    expect(parsePushTarget(text.trim()).kind).toBe(kind);
    expect(normalised(text)).toBe(spelling);
    expect(normalised(spelling)).toBe(spelling);
  });

  test("a subscription is one, however a browser printed it", () => {
    const canonical = JSON.stringify({ endpoint, keys });
    const padded = {
      p256dh: `${keys.p256dh.replaceAll("-", "+").replaceAll("_", "/")}=`,
      auth: `${keys.auth.replaceAll("_", "/")}==`,
    };
    expect(normalised(canonical)).toBe(canonical);
    expect(normalised(JSON.stringify({ keys: padded, expirationTime: null, endpoint }, null, 1).replaceAll("\n", ""))).toBe(
      canonical,
    );
    expect(normalised(subscription({ endpoint: "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%3d" }))).toContain(
      "?token=",
    );
    const target = parsePushTarget(canonical);
    if (target.kind === "wrong") throw new Error(target.reason);
    expect(parsePushTarget(pushTargetText(target))).toEqual({ kind: "webpush", endpoint, ...keys });
  });

  test.each([
    "http://push.example.net/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.internal/x",
    "https://localhost/x",
    "https://user:pw@push.example.net/x",
    "https://push.example.net/x#y",
    "ftp://push.example.net/x",
    "//push.example.net/x",
    "",
  ])("a subscription to %s is refused before anything is sent there", (bad) => {
    expect(parsePushTarget(subscription({ endpoint: bad })).kind).toBe("wrong");
    expect(normaliseDestination("push", subscription({ endpoint: bad }))).toMatchObject({ ok: false });
  });

  const offCurve = `BAAA${keys.p256dh.slice(4)}`;
  test.each([
    "{}",
    "{",
    "{not json}",
    subscription({ keys: null }),
    subscription({ keys: {} }),
    subscription({ keys: { ...keys, p256dh: offCurve } }),
    subscription({ keys: { ...keys, p256dh: keys.auth } }),
    subscription({ keys: { ...keys, p256dh: 7 } }),
    subscription({ keys: { ...keys, auth: keys.p256dh } }),
    subscription({ keys: { ...keys, auth: "****" } }),
    subscription({ endpoint: 7 }),
    "fid:",
    "fid:with space",
    "token:",
    "token:with space",
    "apns:xyz",
    "apns:00fc13ad",
    "ExponentPushToken[]",
    "ExponentPushToken[abc",
  ])("%s says what it is, and is none: refused", (text) => {
    expect(parsePushTarget(text)).toMatchObject({ kind: "wrong", reason: expect.stringMatching(/.+/) });
    expect(normalised(text)).toBeNull();
  });
});
