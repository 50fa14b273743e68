import { importSPKI, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { makeKeys } from "../../testing/private-keys.ts";
import errors from "../../testing/specs/push-errors.json";
import { apns } from "./apns.ts";

const { privatePem, publicPem } = await makeKeys("ES256");
const DEVICE = "ab".repeat(32);
const APNS_ID = { "apns-id": "EC1BF194-B3B2-424A-89D4-4A7DA4A4B1F1" };

const error = (status: number, reason: string) => answer(status, { reason }, APNS_ID);
/** `410 Unregistered|ExpiredToken`, `500 InternalServerError|503 ServiceUnavailable`: every status with its reasons. */
function rowAnswers(match: string) {
  let status = 0;
  return match.split("|").map((part) => {
    const [, code, reason = ""] = /^(?:(\d{3}) )?(\w+)$/.exec(part) ?? [];
    if (code !== undefined) status = Number(code);
    return error(status, reason);
  });
}

interface Payload {
  readonly aps: { readonly alert?: { readonly title: string; readonly body: string }; readonly sound?: string };
  readonly carillon_attempt_id?: string;
  readonly k?: string;
}
const payloadOf = (sent: Sent) => JSON.parse(sent.body) as Payload;
function flat(value: unknown, at = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) flat(inner, `${at}.${key}`, into);
  else into.set(at, String(value));
  return into;
}

const credentials = { team_id: "TEAM123456", key_id: "ABC123DEFG", private_key: privatePem };

describeProvider({
  provider: apns,
  channel: "push",
  account: { credentials, settings: { topic: "com.acme.app" } },
  open: ["team_id", "key_id"],
  pem: ["private_key"],
  origin: "https://api.push.apple.com",
  to: `apns:${DEVICE}`,
  refuses: ["token:abc", "fid:dGVzdC1maWQtMDEyMzQ1Njc", "device-token", "ExponentPushToken[abc]", "{}"],
  fields: (sent) => flat(payloadOf(sent)),
  isLine: (place) => !/^\.(aps\.alert\.(title|body)|k)$/.test(place),
  attemptIdOf: (sent) => payloadOf(sent).carillon_attempt_id ?? null,
  textsOf: (sent) => [...Object.values(payloadOf(sent).aps.alert ?? {}), payloadOf(sent).k ?? ""],
  success: answer(200, "", APNS_ID),
  table: errors.apns,
  answers: Object.fromEntries(errors.apns.rows.map(({ match }) => [match, rowAnswers(match)])),
  elsewhere: {},
  otherwise: {
    // Tried again with a new session; verbs/sessions.ts makes it the account's fault where that does not help.
    "403 ExpiredProviderToken": "transient",
    // Never of Apple, since path and method do not vary: of a relay that leads elsewhere.
    "404 BadPath|405 MethodNotAllowed": "misconfigured",
  },
});

const account = (over: object = {}, keys: object = {}) => ({
  connectionId: "con_1",
  credentials: apns.credentials.parse({ ...credentials, ...keys }),
  settings: apns.settings.parse({ topic: "com.acme.app", ...over }),
});
const push: Envelope = {
  attemptId: "att_1",
  messageId: "msg_1",
  to: `apns:${DEVICE}`,
  tags: [],
  channel: "push",
  title: "T",
  body: "B",
};
const sentBy = async (envelope: Envelope, settings?: object) => {
  const request = await apns.encode(envelope, account(settings), CONTEXT);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name.startsWith("apns-")));
  return { url: request.url, authorization: request.headers.get("authorization"), headers, body: await request.json() };
};

describe("apns", () => {
  test("sends an alert that replaces its double, until it is worth nothing any more", async () => {
    expect(
      await sentBy({ ...push, data: { order: "1", aps: "mine" }, url: "https://a.example/", validitySeconds: 900 } as Envelope),
    ).toEqual({
      url: `https://api.push.apple.com/3/device/${DEVICE}`,
      authorization: "bearer a-session-token",
      headers: {
        "apns-topic": "com.acme.app",
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": String(CONTEXT.now / 1000 + 900),
        "apns-collapse-id": "msg_1",
      },
      body: {
        url: "https://a.example/",
        order: "1",
        carillon_message_id: "msg_1",
        carillon_attempt_id: "att_1",
        aps: { alert: { title: "T", body: "B" }, sound: "default" },
      },
    });
  });

  test("wakes the app without a word where the push type says so", async () => {
    const { headers, body, url } = await sentBy(push, { push_type: "background", environment: "sandbox" });
    expect(url).toContain("https://api.sandbox.push.apple.com/");
    expect(headers).toMatchObject({ "apns-push-type": "background", "apns-priority": "5" });
    expect(body).toMatchObject({ aps: { "content-available": 1 } });
    expect(body).not.toHaveProperty("aps.alert");
  });

  test("lets the device sleep through what is of low priority", async () => {
    expect((await sentBy({ ...push, priority: "low" } as Envelope)).headers).toMatchObject({ "apns-priority": "5" });
  });

  const MINUTE_MS = 60_000;
  const SLOT = CONTEXT.now;
  const open = async (now: number, from = account()) => {
    const token = await apns.session?.open(from, { now });
    if (token === undefined || !("token" in token)) throw new Error("no token");
    return token;
  };

  test("opens the same token at every place for 40 minutes, and then one other", async () => {
    expect(CONTEXT.now % (40 * MINUTE_MS)).toBe(0);
    const first = await open(SLOT);
    expect(await open(SLOT + 40 * MINUTE_MS - 1)).toEqual(first);
    expect(await open(SLOT + 20 * MINUTE_MS, account({ topic: "com.acme.other" }))).toEqual(first);
    const next = await open(SLOT + 40 * MINUTE_MS);
    expect(next.token).not.toBe(first.token);
    // A session is used until five minutes before its end, so every place changes at the same moment.
    expect(first.expiresAt - 5 * MINUTE_MS).toBe(SLOT + 40 * MINUTE_MS);
  });

  test("opens a token that Apple takes: signed by the key, and never older than an hour while it is used", async () => {
    const now = SLOT + 39 * MINUTE_MS;
    const { token } = await open(now);
    const { payload, protectedHeader } = await jwtVerify(token, await importSPKI(publicPem, "ES256"));
    expect(protectedHeader).toEqual({ alg: "ES256", kid: "ABC123DEFG" });
    expect(payload).toEqual({ iss: "TEAM123456", iat: SLOT / 1000 - 60 });
    expect(now / 1000 - Number(payload.iat)).toBeLessThan(3600);
  });

  test("says of a key that it is none, or of another kind", async () => {
    const rsa = await makeKeys("RS256");
    for (const private_key of [rsa.privatePem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]) {
      expect(await apns.session?.open(account({}, { private_key }), CONTEXT)).toMatchObject({
        outcome: "misconfigured",
        code: "bad_private_key",
      });
    }
  });

  test("asks for a new session where Apple says that it has ended", () => {
    expect(apns.decode(error(403, "ExpiredProviderToken"))).toMatchObject({ outcome: "transient", sessionExpired: true });
    expect(apns.decode(error(403, "InvalidProviderToken"))).not.toHaveProperty("sessionExpired");
  });

  test("tells since when a device is gone, and waits out Apple's count of tokens", () => {
    expect(apns.decode(answer(410, { reason: "Unregistered", timestamp: Date.UTC(2026, 10, 1) }))).toMatchObject({
      outcome: "recipient_invalid",
      code: "Unregistered",
      reason: "Unregistered, since 2026-11-01T00:00:00.000Z.",
    });
    expect(apns.decode(error(429, "TooManyProviderTokenUpdates"))).toMatchObject({
      outcome: "misconfigured",
      retryAfterMs: 1_200_000,
    });
  });

  test("probes with a device that does not exist: that it does not proves the rest", () => {
    expect(apns.probe.decode(error(400, "BadDeviceToken"))).toMatchObject({ ok: true });
    expect(apns.probe.decode(error(403, "InvalidProviderToken"))).toEqual({
      ok: false,
      code: "InvalidProviderToken",
      detail: "InvalidProviderToken.",
    });
    expect(apns.probe.decode(error(400, "TopicDisallowed"))).toMatchObject({ ok: false });
    expect(apns.probe.decode(answer(410, ""))).toMatchObject({ ok: false });
  });
});
