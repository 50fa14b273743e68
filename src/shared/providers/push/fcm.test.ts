import { importSPKI, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { makeKeys } from "../../testing/private-keys.ts";
import errors from "../../testing/specs/push-errors.json";
import { fcm } from "./fcm.ts";

const { privatePem, publicPem } = await makeKeys("RS256");
const DEVICE = `fGxyZ0123456789abcdefg:APA91b${"x".repeat(134)}`;
const APNS = "ab".repeat(32);

const error = (status: number, said: string, details: object[] = [], headers: Record<string, string> = {}) =>
  answer(status, { error: { code: status, message: said, status: NAMES[status], details } }, headers);
const NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};
const own = (errorCode: string) => ({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode });
const violation = (field: string) => ({
  "@type": "type.googleapis.com/google.rpc.BadRequest",
  fieldViolations: [{ field, description: "Invalid value" }],
});
const badToken = error(400, "The registration token is not a valid FCM registration token", [own("INVALID_ARGUMENT")]);

function flat(value: unknown, at = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) flat(inner, `${at}.${key}`, into);
  else into.set(at, String(value));
  return into;
}
const messageOf = (sent: Sent) =>
  (JSON.parse(sent.body) as { message: { notification: object; data: Record<string, string> } }).message;

const serviceAccount = {
  project_id: "acme-shop",
  client_email: "push@acme-shop.iam.gserviceaccount.com",
  private_key_id: "0123456789abcdef",
  private_key: privatePem,
};

describeProvider({
  provider: fcm,
  channel: "push",
  account: { credentials: serviceAccount, settings: {} },
  open: ["project_id", "client_email", "private_key_id"],
  pem: ["private_key"],
  origin: "https://fcm.googleapis.com",
  to: `token:${DEVICE}`,
  refuses: [`apns:${APNS}`, "ExponentPushToken[abc]", "{}"],
  fields: (sent) => flat(messageOf(sent)),
  isLine: (place) => !/^\.(notification\.(title|body)|data\.k)$/.test(place),
  attemptIdOf: (sent) => messageOf(sent).data.carillon_attempt_id ?? null,
  textsOf: (sent) => [...Object.values(messageOf(sent).notification), messageOf(sent).data.k ?? ""],
  success: answer(200, { name: "projects/acme-shop/messages/0:1500415314455276%31bd1c9631bd1c96" }),
  sessionAnswer: answer(200, { access_token: "ya29.c.b0Aaekm1", expires_in: 3599, token_type: "Bearer" }),
  table: errors.fcm,
  answers: {
    "404 UNREGISTERED": [error(404, "Requested entity was not found.", [own("UNREGISTERED")])],
    "400 INVALID_ARGUMENT with FcmError detail and text naming the registration token": [
      badToken,
      error(400, "Invalid registration token", [violation("message.token"), own("INVALID_ARGUMENT")]),
      error(400, "Invalid value", [own("INVALID_ARGUMENT"), violation("message.fid")]),
    ],
    "400 INVALID_ARGUMENT with BadRequest.fieldViolations": [
      error(400, "Invalid data payload key: from", [violation("message.data[0].key")]),
      error(400, "Invalid TTL", [violation("message.android.ttl"), own("INVALID_ARGUMENT")]),
      error(400, "Wrong, and so is the registration token", [
        violation("message.token"),
        violation("message.android"),
        own("INVALID_ARGUMENT"),
      ]),
    ],
    "403 SENDER_ID_MISMATCH": [error(403, "SenderId mismatch", [own("SENDER_ID_MISMATCH")])],
    "401 THIRD_PARTY_AUTH_ERROR": [error(401, "Auth error from APNS or Web Push Service", [own("THIRD_PARTY_AUTH_ERROR")])],
    "401 UNAUTHENTICATED": [error(401, "Request had invalid authentication credentials."), answer(401, "")],
    "403 PERMISSION_DENIED": [error(403, "Permission 'cloudmessaging.messages.create' denied"), answer(403, "")],
    "404 project not found": [error(404, "Requested entity was not found."), answer(404, "")],
    "429 QUOTA_EXCEEDED|RESOURCE_EXHAUSTED": [
      error(429, "Quota exceeded", [own("QUOTA_EXCEEDED")]),
      error(429, "Quota"),
      answer(429, ""),
    ],
    "500 INTERNAL": [error(500, "Internal error", [own("INTERNAL")]), answer(500, "")],
    "503 UNAVAILABLE": [error(503, "The service is unavailable", [own("UNAVAILABLE")]), answer(503, "")],
  },
  elsewhere: {},
  // Tried again with a new session; verbs/sessions.ts makes it the account's fault where that does not help.
  otherwise: { "401 UNAUTHENTICATED": "transient" },
});

const account = (over: object = {}, settings: object = {}) => ({
  connectionId: "con_1",
  credentials: fcm.credentials.parse({ ...serviceAccount, ...over }),
  settings: fcm.settings.parse(settings),
});
const push: Envelope = {
  attemptId: "att_1",
  messageId: "msg_1",
  to: `token:${DEVICE}`,
  tags: [],
  channel: "push",
  title: "T",
  body: "B",
};

describe("fcm", () => {
  test("asks for a token by an assertion that Google takes: signed, of one hour, for messaging only", async () => {
    const request = await fcm.session?.open(account(), CONTEXT);
    if (!(request instanceof Request)) throw new Error("no request");
    expect(request.url).toBe("https://oauth2.googleapis.com/token");
    const form = new URLSearchParams(await request.text());
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", await importSPKI(publicPem, "RS256"), {
      currentDate: new Date(CONTEXT.now),
    });
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT", kid: "0123456789abcdef" });
    expect(payload).toEqual({
      iss: serviceAccount.client_email,
      aud: "https://oauth2.googleapis.com/token",
      scope: "https://www.googleapis.com/auth/firebase.messaging",
      iat: CONTEXT.now / 1000,
      exp: CONTEXT.now / 1000 + 3600,
    });
  });

  test("takes a key whose line breaks were written out, and says of a key that it is none", async () => {
    const written = account({ private_key: privatePem.trim().replaceAll("\n", "\\n") });
    expect(await fcm.session?.open(written, CONTEXT)).toBeInstanceOf(Request);
    const broken = account({ private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" });
    expect(await fcm.session?.open(broken, CONTEXT)).toMatchObject({ outcome: "misconfigured", code: "bad_private_key" });
  });

  test("takes the whole key file as it is, and no token URI but Google's", () => {
    const file = {
      type: "service_account",
      client_id: "1",
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      universe_domain: "x",
    };
    expect(account(file).credentials).toMatchObject(serviceAccount);
    for (const uri of [
      "https://evil.example/token",
      "http://oauth2.googleapis.com/token",
      "https://oauth2.googleapis.com@evil.example/",
    ]) {
      expect(fcm.credentials.safeParse({ ...serviceAccount, token_uri: uri }).success, uri).toBe(false);
    }
  });

  test("addresses an installation, a token, and a token of a form that it does not know", async () => {
    const target = async (to: string) => {
      const request = await fcm.encode({ ...push, to }, account(), CONTEXT);
      const { fid, token } = ((await request.json()) as { message: { fid?: string; token?: string } }).message;
      return { fid, token };
    };
    expect(await target("fid:dGVzdC1maWQtMDEyMzQ1Njc")).toEqual({ fid: "dGVzdC1maWQtMDEyMzQ1Njc" });
    expect(await target(`token:${DEVICE}`)).toEqual({ token: DEVICE });
    expect(await target("old-token")).toEqual({ token: "old-token" });
  });

  test("keeps Retry-After, and pauses a minute where a quota names no time", () => {
    expect(fcm.decode(error(429, "Quota", [own("QUOTA_EXCEEDED")], { "retry-after": "7" }))).toMatchObject({
      retryAfterMs: 7000,
    });
    expect(fcm.decode(error(429, "Quota", [own("QUOTA_EXCEEDED")]))).toMatchObject({ retryAfterMs: 60_000 });
    expect(fcm.decode(error(503, "Down", [own("UNAVAILABLE")], { "retry-after": "30" }))).toMatchObject({ retryAfterMs: 30_000 });
  });

  test("says that a refused access token has ended, and that of Apple's refusal it has not", () => {
    expect(fcm.decode(error(401, "no"))).toMatchObject({ sessionExpired: true });
    expect(fcm.decode(error(401, "no", [own("THIRD_PARTY_AUTH_ERROR")]))).not.toHaveProperty("sessionExpired");
  });

  test("probes with a token of no device: that it is none proves the rest", () => {
    expect(fcm.probe.decode(badToken)).toMatchObject({ ok: true });
    expect(fcm.probe.decode(answer(200, { name: "projects/acme-shop/messages/fake_message_id" }))).toMatchObject({ ok: true });
    expect(fcm.probe.decode(error(403, "denied"))).toEqual({ ok: false, code: "PERMISSION_DENIED", detail: "denied" });
    expect(fcm.probe.decode(error(404, "Requested entity was not found."))).toMatchObject({ ok: false });
    expect(fcm.probe.decode(error(400, "Bad", [violation("message.android")]))).toMatchObject({ ok: false });
  });

  test("knows a revoked key from a token endpoint that is down", () => {
    const read = (status: number, body: object) => fcm.session?.read?.(answer(status, body), CONTEXT);
    expect(read(400, { error: "invalid_grant", error_description: "Invalid JWT Signature." })).toEqual({
      outcome: "misconfigured",
      code: "invalid_grant",
      reason: "Invalid JWT Signature.",
    });
    expect(read(503, {})).toMatchObject({ outcome: "transient" });
    expect(read(429, {})).toMatchObject({ outcome: "throttled", retryAfterMs: 60_000 });
    expect(read(200, { access_token: "t", expires_in: 99_999 })).toMatchObject({ expiresAt: CONTEXT.now + 3_600_000 });
  });
});
