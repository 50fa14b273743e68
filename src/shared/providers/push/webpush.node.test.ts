/** Web Push in Node, where its judges run: http_ece opens what we seal, and the web-push library says what headers it would send. */
/// <reference path="../../testing/web-push-judges.d.ts" />
import { createECDH, randomBytes } from "node:crypto";
import ece from "http_ece";
import { importJWK, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import webPush from "web-push";
import { pushTargetText } from "../../core/push-target.ts";
import { answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/push-errors.json" with { type: "json" };
import ece8188 from "../../testing/specs/rfc8188-vectors.json" with { type: "json" };
import type { PushEnvelope } from "./notification.ts";
import { webpush } from "./webpush.ts";

const browser = createECDH("prime256v1");
const p256dh = browser.generateKeys("base64url");
const authSecret = randomBytes(16).toString("base64url");
const subscription = (endpoint = "https://fcm.googleapis.com/fcm/send/c-UP5r0Tr6g:APA91b") =>
  pushTargetText({ kind: "webpush", endpoint, p256dh, auth: authSecret });

const vapidKeys = webPush.generateVAPIDKeys();
const credentials = { public_key: vapidKeys.publicKey, private_key: vapidKeys.privateKey };
const subject = "mailto:ops@acme.example";

interface Payload {
  readonly web_push?: number;
  readonly notification: { readonly title: string; readonly body: string; readonly data: Readonly<Record<string, string>> };
}
const opened = (body: Uint8Array) =>
  ece.decrypt(Buffer.from(body), { version: "aes128gcm", privateKey: browser, authSecret }).toString("utf8");
const payloadOf = (sent: Pick<Sent, "bytes">) => JSON.parse(opened(sent.bytes)) as Payload;
function flat(value: unknown, at = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) flat(inner, `${at}.${key}`, into);
  else into.set(at, String(value));
  return into;
}

const body = (status: number, said: object | string, headers = {}) => answer(status, said, headers);

describeProvider({
  provider: webpush,
  channel: "push",
  account: { credentials, settings: { subject } },
  open: ["public_key"],
  origin: "https://fcm.googleapis.com",
  to: subscription(),
  refuses: [
    "token:abc",
    `apns:${"ab".repeat(32)}`,
    "device-token",
    subscription("https://push.evil.example/x"),
    subscription("https://fcm.googleapis.com.evil.example/x"),
    subscription("https://evil.example/?x=fcm.googleapis.com"),
    subscription("https://127.0.0.1/x"),
    subscription("http://fcm.googleapis.com/x"),
  ],
  fields: (sent) => flat(payloadOf(sent)),
  isLine: (place) => !/^\.notification\.(title|body|data\.k)$/.test(place),
  attemptIdOf: (sent) => payloadOf(sent).notification.data.carillon_attempt_id ?? null,
  textsOf: (sent) => {
    const { title, body, data } = payloadOf(sent).notification;
    return [title, body, data.k ?? ""];
  },
  success: answer(201, "", { location: "https://fcm.googleapis.com/m/0:1510" }),
  takenBy: [200, 201, 202],
  table: errors.webpush,
  answers: {
    "201|200|202": [200, 201, 202].map((status) => body(status, "")),
    "404|410": [
      body(404, ""),
      body(410, "push subscription has unsubscribed or expired.\n"),
      body(404, { code: 404, errno: 102, error: "Not Found", message: "Request did not validate invalid token" }),
    ],
    "400|401|403": [
      body(400, "UnauthorizedRegistration"),
      body(401, {
        code: 401,
        errno: 109,
        error: "Unauthorized",
        message: "Request did not validate missing authorization header",
      }),
      body(403, { reason: "BadJwtToken" }),
    ],
    "413": [body(413, "")],
    "406|429": [body(406, "", { "x-wns-notificationstatus": "dropped" }), body(429, "", { "retry-after": "30" })],
    "5xx": [500, 502, 503, 504].map((status) => body(status, "")),
  },
  elsewhere: {},
});

const account = (over: object = {}) => ({
  connectionId: "con_1",
  credentials: webpush.credentials.parse(credentials),
  settings: webpush.settings.parse({ subject, ...over }),
});
const push: PushEnvelope = {
  attemptId: "att_1",
  messageId: "msg_1",
  to: subscription(),
  tags: [],
  channel: "push",
  title: "T",
  body: "B",
};
const context = { ...CONTEXT, random: (bytes: number) => new Uint8Array(randomBytes(bytes)) };
const encode = (over: Partial<PushEnvelope> = {}, settings?: object) =>
  webpush.encode({ ...push, ...over }, account(settings), context);

describe("webpush, judged by the web-push library", () => {
  test("sends the headers that it sends, and a body that opens to the same", async () => {
    const request = await encode({ validitySeconds: 900, priority: "high" });
    const bytes = new Uint8Array(await request.arrayBuffer());
    const judge = webPush.generateRequestDetails({ endpoint: request.url, keys: { p256dh, auth: authSecret } }, opened(bytes), {
      vapidDetails: { subject, ...vapidKeys },
      TTL: 900,
      urgency: "high",
      topic: "msg_1",
    });
    const theirs = new Map(Object.entries(judge.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
    expect(bytes.length).toBe(Number(theirs.get("content-length")));
    expect(opened(judge.body)).toBe(opened(bytes));
    const shape = /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, ?k=[\w-]{87}$/;
    for (const [name, value] of theirs) {
      if (name === "content-length") continue;
      if (name === "authorization")
        expect([value, request.headers.get(name)]).toEqual([expect.stringMatching(shape), expect.stringMatching(shape)]);
      else expect(request.headers.get(name), name).toBe(value);
    }
    expect([...request.headers.keys()].sort()).toEqual([...theirs.keys()].filter((name) => name !== "content-length").sort());
  });

  test("its judge is right: it makes and opens the RFC's own records", () => {
    for (const { key, salt, rs, keyid, plaintext_utf8: text, body: expected, ...rest } of ece8188.vectors) {
      const pad = "pad" in rest && typeof rest.pad === "number" ? { pad: rest.pad } : {};
      const sealed = ece.encrypt(Buffer.from(text), { version: "aes128gcm", key, salt, rs, keyid, ...pad });
      expect(sealed.toString("base64url")).toBe(expected);
      expect(ece.decrypt(Buffer.from(expected, "base64url"), { version: "aes128gcm", key }).toString("utf8")).toBe(text);
    }
  });
});

describe("webpush", () => {
  test("signs for the push service that the subscription is of, for less than a day, and twice a day anew", async () => {
    const point = Buffer.from(credentials.public_key, "base64url");
    const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
    const key = await importJWK({ kty: "EC", crv: "P-256", x, y }, "ES256");
    const jwtAt = async (now: number) => {
      const request = await webpush.encode(push, account(), { ...context, now });
      return /t=([^,]+)/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    };
    const HALF_DAY_MS = 43_200_000;
    const slot = Math.floor(CONTEXT.now / HALF_DAY_MS) * HALF_DAY_MS;
    for (const now of [slot, slot + HALF_DAY_MS - 1]) {
      const { payload } = await jwtVerify(await jwtAt(now), key, {
        currentDate: new Date(now),
        audience: "https://fcm.googleapis.com",
      });
      expect(payload.sub).toBe(subject);
      expect(Number(payload.exp) - now / 1000).toBeGreaterThan(10 * 3600);
      expect(Number(payload.exp) - now / 1000).toBeLessThan(86_400);
    }
    expect(await jwtAt(slot)).toBe(await jwtAt(slot + HALF_DAY_MS - 1));
    expect(await jwtAt(slot)).not.toBe(await jwtAt(slot + HALF_DAY_MS));
  });

  test("signs for the browser's push service also where a relay stands in for it", async () => {
    const request = await encode(
      { to: subscription("https://wns2-par02p.notify.windows.com/w/?token=BQ%3d") },
      { endpoint: "https://relay.example/push/" },
    );
    expect(request.url).toBe("https://relay.example/push/w/?token=BQ%3d");
    const [, claims = ""] = (request.headers.get("authorization") ?? "").split(".");
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      aud: "https://wns2-par02p.notify.windows.com",
    });
  });

  test("goes to the services that are known, and to those that the connection names", () => {
    const code = (endpoint: string, settings?: object) =>
      webpush.refuse?.(subscription(endpoint), account(settings))?.code ?? null;
    for (const known of [
      "https://updates.push.services.mozilla.com/wpush/v2/x",
      "https://wns2-par02p.notify.windows.com/w/?token=x",
      "https://web.push.apple.com/x",
    ]) {
      expect(code(known), known).toBeNull();
    }
    expect(code("https://push.acme.example/x")).toBe("push_service_unknown");
    expect(code("https://push.acme.example/x", { push_services: ["push.acme.example"] })).toBeNull();
    expect(code("https://a.push.acme.example/x", { push_services: ["push.acme.example"] })).toBe("push_service_unknown");
    expect(code("https://a.push.acme.example/x", { push_services: ["*.push.acme.example"] })).toBeNull();
    expect(code("https://10.0.0.1/x", { push_services: ["10.0.0.1"] })).toBe("target_not_carried");
  });

  test.each([
    ["critical", "high"],
    ["high", "high"],
    ["normal", "normal"],
    ["low", "low"],
  ] as const)("is as urgent as the message: %s", async (priority, urgency) => {
    expect((await encode({ priority })).headers.get("urgency")).toBe(urgency);
  });

  test("tells the page what to show, and Safari by itself where there is a link", async () => {
    const notification = {
      title: "T",
      body: "B",
      tag: "msg_1",
      data: { carillon_message_id: "msg_1", carillon_attempt_id: "att_1" },
    };
    const shown = async (over?: Partial<PushEnvelope>) =>
      payloadOf({ bytes: new Uint8Array(await (await encode(over)).arrayBuffer()) });
    expect(await shown()).toEqual({ notification });
    const url = "https://acme.example/orders/1";
    expect(await shown({ url })).toEqual({
      web_push: 8030,
      notification: { ...notification, navigate: url, data: { url, ...notification.data } },
    });
  });

  test("leaves it to the push service what is too large", async () => {
    const request = await encode({ body: "x".repeat(5000) });
    expect(payloadOf({ bytes: new Uint8Array(await request.arrayBuffer()) }).notification.body).toHaveLength(5000);
    expect(webpush.decode(body(413, ""))).toMatchObject({ outcome: "permanent", code: "payload_too_large" });
  });

  test("takes keys that are a pair, as every tool prints them, and no others", () => {
    const other = webPush.generateVAPIDKeys();
    const flaw = (keys: object) => webpush.credentials.safeParse(keys).error?.issues.map((issue) => issue.path.join("."));
    expect(flaw({ public_key: other.publicKey, private_key: other.privateKey })).toBeUndefined();
    expect(flaw({ public_key: other.publicKey, private_key: credentials.private_key })).toEqual(["private_key"]);
    expect(flaw({ public_key: other.publicKey, private_key: Buffer.alloc(32).toString("base64url") })).toEqual(["private_key"]);
    expect(flaw({ public_key: "x", private_key: other.privateKey })).toContain("public_key");
  });

  test.each(["ops@acme.example", "mailto:", "http://acme.example", "mailto:a@b\r\n", "https://localhost"])(
    "has no contact %j",
    (bad) => {
      expect(webpush.settings.safeParse({ subject: bad }).success).toBe(false);
    },
  );

  test("drops the one browser that subscribed with another key, and blames nobody else", () => {
    for (const given of [
      body(
        403,
        "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.",
      ),
      body(401, { code: 401, errno: 109, error: "Unauthorized", message: "VAPID public key mismatch" }),
      body(400, { reason: "VapidPkHashMismatch" }),
    ]) {
      expect(webpush.decode(given)).toMatchObject({ outcome: "recipient_invalid", code: "subscribed_with_another_key" });
    }
    expect(webpush.decode(body(410, ""))).toMatchObject({ code: "gone" });
  });

  test("waits as long as it is told, and a minute where a service only says that it is too much", () => {
    expect(webpush.decode(body(429, "", { "retry-after": "7" }))).toMatchObject({ outcome: "throttled", retryAfterMs: 7000 });
    expect(webpush.decode(body(406, ""))).toMatchObject({ outcome: "throttled", retryAfterMs: 60_000 });
    expect(webpush.decode(body(503, "", { "retry-after": "9" }))).toMatchObject({ outcome: "transient", retryAfterMs: 9000 });
  });

  test("probes with a subscription that does not exist", async () => {
    const request = await webpush.probe.encode(account(), { now: CONTEXT.now, session: null });
    expect(new URL(request.url).origin).toBe("https://updates.push.services.mozilla.com");
    expect(webpush.probe.decode(body(404, { code: 404, errno: 102, error: "Not Found" }))).toMatchObject({ ok: true });
    expect(webpush.probe.decode(body(401, { code: 401, errno: 109, message: "Invalid VAPID" }))).toMatchObject({
      ok: false,
      detail: "Invalid VAPID",
    });
    expect(webpush.probe.decode(body(404, "not found"))).toMatchObject({ ok: false, code: "unexpected_answer" });
  });
});
