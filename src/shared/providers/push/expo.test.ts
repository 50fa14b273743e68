import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { expo } from "./expo.ts";

const TOKEN = "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]";
const ticket = (error: string) => answer(200, { data: { status: "error", message: "why", details: { error } } });
const refused = (status: number, code: string) => answer(status, { errors: [{ code, message: "why" }] });

function flat(value: unknown, at = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) flat(inner, `${at}.${key}`, into);
  else into.set(at, String(value));
  return into;
}
interface Message {
  readonly title: string;
  readonly body: string;
  readonly data: Readonly<Record<string, string>>;
}
const messageOf = (sent: Sent) => JSON.parse(sent.body) as Message;

/** Expo's documentation of errors, as a table. https://docs.expo.dev/push-notifications/sending-notifications/#errors */
const table = {
  rows: [
    { match: "ticket DeviceNotRegistered", class: "recipient_invalid" },
    { match: "ticket MessageTooBig", class: "permanent" },
    { match: "ticket MessageRateExceeded", class: "throttled" },
    { match: "ticket MismatchSenderId", class: "auth_config" },
    { match: "ticket InvalidCredentials", class: "auth_config" },
    { match: "429 TOO_MANY_REQUESTS", class: "throttled" },
    { match: "UNAUTHORIZED", class: "auth_config" },
    { match: "400 PUSH_TOO_MANY_EXPERIENCE_IDS", class: "permanent" },
    { match: "400 other", class: "permanent" },
    { match: "5xx", class: "transient" },
    { match: "PUSH_TOO_MANY_NOTIFICATIONS|PUSH_TOO_MANY_RECEIPTS", class: "permanent" },
  ],
};

describeProvider({
  provider: expo,
  channel: "push",
  account: { credentials: { access_token: "an-expo-access-token" }, settings: {} },
  open: [],
  isOpenToAll: true,
  origin: "https://exp.host",
  to: TOKEN,
  refuses: ["token:abc", `apns:${"ab".repeat(32)}`, "device-token", "ExponentPushToken[", "{}"],
  fields: (sent) => flat(messageOf(sent)),
  isLine: (place) => !/^\.(title|body|data\.k)$/.test(place),
  attemptIdOf: (sent) => messageOf(sent).data.carillon_attempt_id ?? null,
  textsOf: (sent) => [messageOf(sent).title, messageOf(sent).body, messageOf(sent).data.k ?? ""],
  success: answer(200, { data: { status: "ok", id: "019be9fa-1d1b-7a2c-8d1b-000000000000" } }),
  table,
  answers: {
    "ticket DeviceNotRegistered": [ticket("DeviceNotRegistered")],
    "ticket MessageTooBig": [ticket("MessageTooBig")],
    "ticket MessageRateExceeded": [ticket("MessageRateExceeded")],
    "ticket MismatchSenderId": [ticket("MismatchSenderId")],
    "ticket InvalidCredentials": [ticket("InvalidCredentials")],
    "429 TOO_MANY_REQUESTS": [refused(429, "TOO_MANY_REQUESTS"), answer(429, "")],
    UNAUTHORIZED: [refused(401, "UNAUTHORIZED"), refused(403, "UNAUTHORIZED"), answer(401, ""), answer(403, "")],
    "400 PUSH_TOO_MANY_EXPERIENCE_IDS": [refused(400, "PUSH_TOO_MANY_EXPERIENCE_IDS")],
    "400 other": [refused(400, "VALIDATION_ERROR"), answer(400, "")],
    "5xx": [500, 502, 503, 504].map((status) => answer(status, "")),
  },
  elsewhere: { "PUSH_TOO_MANY_NOTIFICATIONS|PUSH_TOO_MANY_RECEIPTS": "one message a call, and receipts are not asked for" },
});

const account = (credentials: object = {}, settings: object = {}) => ({
  connectionId: "con_1",
  credentials: expo.credentials.parse(credentials),
  settings: expo.settings.parse(settings),
});
const push: Envelope = { attemptId: "att_1", messageId: "msg_1", to: TOKEN, tags: [], channel: "push", title: "T", body: "B" };

describe("expo", () => {
  test("sends one message to one token, as the documentation has it", async () => {
    const request = await expo.encode({ ...push, validitySeconds: 900 }, account({}, { android_channel_id: "orders" }), CONTEXT);
    expect(request.url).toBe("https://exp.host/--/api/v2/push/send");
    expect(await request.json()).toEqual({
      to: TOKEN,
      title: "T",
      body: "B",
      data: { carillon_message_id: "msg_1", carillon_attempt_id: "att_1" },
      ttl: 900,
      priority: "high",
      sound: "default",
      tag: "msg_1",
      channelId: "orders",
    });
  });

  test("signs in where the project asks for it, and only then", async () => {
    const authorization = async (credentials: object) =>
      (await expo.encode(push, account(credentials), CONTEXT)).headers.get("authorization");
    expect(await authorization({})).toBeNull();
    expect(await authorization({ access_token: "secret" })).toBe("Bearer secret");
  });

  test("takes a ticket that says error for no ticket, whatever it says beside it", () => {
    expect(expo.decode(answer(200, { data: { status: "error", message: "why" } }))).toMatchObject({
      outcome: "permanent",
      reason: "why",
    });
    expect(expo.decode(ticket("SomethingNew"))).toMatchObject({ outcome: "permanent", code: "SomethingNew" });
    expect(expo.decode(answer(200, { errors: [{ code: "UNAUTHORIZED", message: "no" }] }))).toMatchObject({
      outcome: "misconfigured",
    });
  });

  test("probes by asking for the receipt of a ticket that does not exist", async () => {
    const request = await expo.probe.encode(account(), { now: 0, session: null });
    expect(request.url).toBe("https://exp.host/--/api/v2/push/getReceipts");
    expect(expo.probe.decode(answer(200, { data: {} }))).toMatchObject({ ok: true });
    expect(expo.probe.decode(refused(401, "UNAUTHORIZED"))).toEqual({ ok: false, code: "UNAUTHORIZED", detail: "why" });
  });
});
