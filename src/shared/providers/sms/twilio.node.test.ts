/** Twilio's OpenAPI document as judge of what we send. */
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { formFlaws } from "../../testing/twilio-spec.ts";
import { twilio } from "./twilio.ts";

const credentials = { account_sid: "AC0123456789abcdef0123456789abcdef", auth_token: "token" };
const base = { attemptId: "att_1", messageId: "msg_1", to: "+447700900123", tags: [], text: "Grüße 📦" };
const service = { messaging_service_sid: "MG0123456789abcdef0123456789abcdef" };

const cases: [string, Envelope, object][] = [
  ["a number", { ...base, channel: "sms" }, { from: "+15550001111" }],
  ["a word", { ...base, channel: "sms" }, { from: "Acme 24" }],
  ["a Messaging Service, with a validity", { ...base, channel: "sms", validitySeconds: 900 }, service],
  ["both", { ...base, channel: "sms", validitySeconds: 1e9 }, { ...service, from: "12345" }],
  ["WhatsApp", { ...base, channel: "whatsapp" }, { from: "+15550001111" }],
];

describe("twilio, judged by Twilio's OpenAPI document", () => {
  test.each(cases)("fits, sent from %s", async (_, envelope, given) => {
    const account = { connectionId: "con_1", credentials, settings: twilio.settings.parse(given) };
    const request = await twilio.encode(envelope, account, {
      now: 0,
      callbackUrl: "https://carillon.test/hooks/sms/twilio/con_1/att_1",
      idempotencyKey: "k",
      session: null,
    });
    expect(request.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(formFlaws(await request.text())).toEqual([]);
  });

  test("would have found a wrong field, a wrong type and a field given twice", () => {
    expect(formFlaws("To=%2B447700900123&Text=x")).toHaveLength(1);
    expect(formFlaws("To=%2B447700900123&ValidityPeriod=soon")).toHaveLength(1);
    expect(formFlaws("To=%2B447700900123&To=%2B447700900124")).toEqual(["/To: given twice"]);
    expect(formFlaws("Body=x")).toHaveLength(1);
  });
});
