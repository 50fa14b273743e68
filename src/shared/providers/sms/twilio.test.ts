import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/error-classification.json";
import { contentRefusal } from "../supports.ts";
import { twilio } from "./twilio.ts";

const SID = "AC0123456789abcdef0123456789ABCDEF";
const TOKEN = "0123456789-the-auth-token-abcdef";

const error = (status: number, code: number) =>
  answer(status, { code, message: "why", more_info: `https://www.twilio.com/docs/errors/${code}`, status });
/** A message that was created and refused in the same breath. */
const failed = (code: number) => answer(201, { sid: "SM1", status: "failed", error_code: code, error_message: "why" });

/** Every row that is a list of codes: `21211|21214`. */
const byCode = Object.fromEntries(
  errors.twilio.rows
    .filter((row) => /^[\d|]+$/.test(row.match))
    .map((row) => [row.match, row.match.split("|").flatMap((code) => [error(400, Number(code)), failed(Number(code))])]),
);

describeProvider({
  provider: twilio,
  channel: "sms",
  account: {
    credentials: { account_sid: SID, auth_token: TOKEN },
    settings: { from: "+15550001111" },
  },
  open: ["account_sid"],
  origin: "https://api.twilio.com",
  fields: (sent) => {
    const fields = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(sent.body)) fields.set(fields.has(name) ? `${name} again` : name, value);
    return fields;
  },
  isLine: (place) => place !== "Body",
  attemptIdOf: (sent) => new URLSearchParams(sent.body).get("StatusCallback")?.split("/").at(-1) ?? null,
  textsOf: (sent) => new URLSearchParams(sent.body).getAll("Body"),
  success: answer(201, { sid: "SM0123456789abcdef0123456789abcdef", status: "queued", error_code: null }),
  table: errors.twilio,
  answers: {
    ...byCode,
    "429 code 20429 | 14107": [error(429, 20429), error(429, 14107), answer(429, "")],
    "401 code 20003 | 403 20003|20005|20006 | 404 20404 (account)": [
      error(401, 20003),
      error(403, 20003),
      error(403, 20005),
      error(403, 20006),
      error(404, 20404),
    ],
    "any other 21xxx on HTTP 4xx": [error(400, 21999)],
    "any other 30xxx/63xxx in a callback": [failed(30999), failed(63999)],
    "HTTP 500|502|503|504": [500, 502, 503, 504].flatMap((status) => [answer(status, ""), error(status, 20500)]),
  },
  elsewhere: {},
  // A number that is written to again may well be reached: the table itself says `suppress: false`, or nothing of it.
  otherwise: { "30004": "permanent", "63032": "permanent" },
});

const credentials = { account_sid: SID, auth_token: TOKEN };
const sms: Envelope = { attemptId: "att_1", messageId: "msg_1", to: "+447700900123", tags: [], channel: "sms", text: "Hi" };

async function fields(settings: object, envelope: Envelope = sms, callbackUrl: string | null = null) {
  const account = { connectionId: "con_1", credentials, settings: twilio.settings.parse(settings) };
  const request = await twilio.encode(envelope, account, { ...CONTEXT, now: 0, callbackUrl });
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer())));
}

describe("twilio", () => {
  test("sends from a number, through a Messaging Service, or both", async () => {
    const service = { messaging_service_sid: "MG0123456789abcdef0123456789abcdef" };
    expect(await fields({ from: "Acme" })).toEqual({ To: "+447700900123", Body: "Hi", From: "Acme" });
    expect(await fields(service)).toEqual({
      To: "+447700900123",
      Body: "Hi",
      MessagingServiceSid: service.messaging_service_sid,
    });
    expect(await fields({ ...service, from: "+15550001111" })).toMatchObject({
      From: "+15550001111",
      MessagingServiceSid: expect.any(String),
    });
    expect(twilio.settings.safeParse({}).success).toBe(false);
  });

  test("asks for a callback only where there is a URL, and keeps the validity within Twilio's bounds", async () => {
    const of = async (validitySeconds: number) => (await fields({ from: "Acme" }, { ...sms, validitySeconds })).ValidityPeriod;
    expect(await fields({ from: "Acme" }, sms, "https://c.test/x")).toMatchObject({ StatusCallback: "https://c.test/x" });
    expect(await fields({ from: "Acme" })).not.toHaveProperty("StatusCallback");
    expect([await of(0.5), await of(900.7), await of(99_999)]).toEqual(["1", "900", "36000"]);
  });

  test("sends from the sender of the destination's country", async () => {
    const senders = { GB: "ACME", US: "+12025550100" };
    const from = async (to: string, more = {}) => (await fields({ from: "+15550001111", senders, ...more }, { ...sms, to })).From;
    expect(await from("+447400123456")).toBe("ACME");
    expect(await from("+12025550123")).toBe("+12025550100");
    expect(await from("+14165550123")).toBe("+15550001111");
    expect(await from("+881612345678")).toBe("+15550001111");
    expect(twilio.settings.safeParse({ from: "Acme", senders: { gb: "ACME" } }).success).toBe(false);
    expect(twilio.settings.safeParse({ from: "Acme", senders: { GB: "no sender!" } }).success).toBe(false);
  });

  test("is left out where no network takes a name, unless a Messaging Service can choose another sender", async () => {
    const service = { messaging_service_sid: "MG0123456789abcdef0123456789abcdef" };
    const account = (settings: object) => ({ connectionId: "c", credentials, settings: twilio.settings.parse(settings) });
    const refused = (to: string, settings: object) => twilio.refuse?.(to, account(settings)) ?? null;
    for (const to of ["+12025550123", "+14165550123"]) {
      expect(refused(to, { from: "ACME" })).toMatchObject({ outcome: "permanent", code: "sender_not_taken" });
      expect(refused(to, { from: "+15550001111" })).toBeNull();
      expect(refused(to, { from: "ACME", senders: { US: "12345", CA: "+14165550100" } })).toBeNull();
      expect(refused(to, { from: "ACME", ...service })).toBeNull();
      expect(await fields({ from: "ACME", ...service }, { ...sms, to })).not.toHaveProperty("From");
    }
    expect(refused("+447400123456", { from: "ACME" })).toBeNull();
    expect(await fields({ from: "ACME", ...service })).toMatchObject({ From: "ACME" });
  });

  test("takes 1600 characters", () => {
    const account = { connectionId: "c", credentials, settings: { from: "Acme" } };
    expect(contentRefusal(twilio, { ...sms, text: "x".repeat(1600) }, account)).toBeNull();
    expect(contentRefusal(twilio, { ...sms, text: "x".repeat(1601) }, account)).toMatchObject({ code: "too_long" });
  });

  test("addresses WhatsApp by its prefix", async () => {
    expect(await fields({ from: "+15550001111" }, { ...sms, channel: "whatsapp" })).toMatchObject({
      To: "whatsapp:+447700900123",
      From: "whatsapp:+15550001111",
    });
  });

  test("signs in with the auth token or with an API key, and probes what each may read", async () => {
    const key = { account_sid: SID, api_key_sid: SID.replace("AC", "SK"), api_key_secret: "key-secret" };
    const probe = async (given: object) => {
      const account = { connectionId: "c", credentials: twilio.credentials.parse(given), settings: { from: "Acme" } };
      const request = await twilio.probe.encode(account, { now: 0, session: null });
      return [atob(request.headers.get("authorization")?.replace("Basic ", "") ?? ""), new URL(request.url).pathname];
    };
    expect(await probe(credentials)).toEqual([`${SID}:${TOKEN}`, `/2010-04-01/Accounts/${SID}.json`]);
    expect(await probe(key)).toEqual([`${key.api_key_sid}:key-secret`, `/2010-04-01/Accounts/${SID}/Messages.json`]);
  });

  test("says which credential is missing", () => {
    const missing = (given: object) => twilio.credentials.safeParse(given).error?.issues.map((issue) => issue.path.join("."));
    expect(missing({ account_sid: SID })).toEqual(["auth_token"]);
    expect(missing({ account_sid: SID, api_key_secret: "x" })).toEqual(["api_key_sid"]);
    expect(missing({ account_sid: SID, auth_token: "x", api_key_sid: SID.replace("AC", "SK") })).toEqual(["api_key_secret"]);
    expect(missing({ account_sid: "../x", auth_token: "x" })).toEqual(["account_sid"]);
  });

  test("probes the account: a trial works, a suspended one does not", () => {
    expect(twilio.probe.decode(answer(200, { status: "active", type: "Full" }))).toMatchObject({ ok: true });
    expect(twilio.probe.decode(answer(200, { status: "active", type: "Trial" }))).toMatchObject({
      ok: true,
      detail: expect.stringContaining("trial"),
    });
    expect(twilio.probe.decode(answer(200, { status: "suspended" }))).toMatchObject({ ok: false, code: "account_not_active" });
    expect(twilio.probe.decode(answer(200, { messages: [] }))).toMatchObject({ ok: true });
    expect(twilio.probe.decode(error(401, 20003))).toMatchObject({ ok: false, code: "20003" });
  });

  test("keeps a Retry-After that Twilio sends", () => {
    expect(twilio.decode(answer(429, { code: 20429, message: "Too many" }, { "retry-after": "7" }))).toMatchObject({
      retryAfterMs: 7000,
    });
  });
});
