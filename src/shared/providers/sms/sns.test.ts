import { describe, expect, test } from "vitest";
import { answer, CONTEXT, describeProvider } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/sms-errors.json";
import { contentRefusal } from "../supports.ts";
import type { SmsEnvelope } from "./parts.ts";
import { sns } from "./sns.ts";

const credentials = { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const xml = (status: number, inner: string) => answer(status, `<?xml version="1.0"?>\n${inner}`, { "content-type": "text/xml" });
const error = (status: number, code: string, message = "why") =>
  xml(
    status,
    `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  );
const logged = "stands in CloudWatch's logs only";

describeProvider({
  provider: sns,
  channel: "sms",
  account: { credentials, settings: { region: "eu-west-1", from: "ACME" } },
  open: ["access_key_id"],
  origin: "https://sns.eu-west-1.amazonaws.com",
  fields: (sent) => {
    const fields = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(sent.body)) fields.set(fields.has(name) ? `${name} again` : name, value);
    return fields;
  },
  isLine: (place) => place !== "Message",
  attemptIdOf: null, // SNS has no slot for it
  textsOf: (sent) => new URLSearchParams(sent.body).getAll("Message"),
  success: xml(
    200,
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult></PublishResponse>',
  ),
  refuses: ["+12025550123", "+14165550123"],
  table: errors.sns_sms,
  answers: {
    "400 InvalidParameter|InvalidParameterValue|ValidationException|ParameterValueInvalid": [
      error(400, "InvalidParameter", "Invalid parameter: Message too long"),
      error(400, "InvalidParameterValue"),
      error(400, "ValidationException"),
      error(400, "ParameterValueInvalid"),
    ],
    "400 Throttling | 429 Throttled | KMSThrottling": [
      error(400, "Throttling"),
      error(429, "Throttled"),
      error(400, "KMSThrottling"),
      answer(429, ""),
    ],
    "403 AuthorizationError|InvalidSecurity|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken": [
      "AuthorizationError",
      "InvalidSecurity",
      "InvalidClientTokenId",
      "SignatureDoesNotMatch",
      "ExpiredToken",
    ].map((code) => error(403, code)),
    "404 NotFound": [error(404, "NotFound")],
    "400 EndpointDisabled|PlatformApplicationDisabled": [
      error(400, "EndpointDisabled"),
      error(400, "PlatformApplicationDisabled"),
    ],
    "500 InternalError|503 ServiceUnavailable": [
      error(500, "InternalError"),
      error(503, "ServiceUnavailable"),
      answer(500, ""),
      answer(502, ""),
    ],
  },
  elsewhere: {
    'delivery log "Phone is currently unreachable/unavailable"': logged,
    'log "Phone has blocked SMS"|"Phone number is opted out"|"Invalid phone number"': logged,
    'log "No quota left for account"|"This delivery would exceed max price"': logged,
    'log "Blocked as spam by phone carrier"': logged,
    'log "Destination is on a blocked list"|"Phone number is unverified"': logged,
  },
});

describe("sns", () => {
  const sms: SmsEnvelope = { attemptId: "att_1", messageId: "msg_1", to: "+447400123456", tags: [], channel: "sms", text: "Hi" };
  const account = (given: object = {}) => ({
    connectionId: "c",
    credentials,
    settings: sns.settings.parse({ region: "eu-west-1", ...given }),
  });
  const attributes = async (given: object, to = sms.to) => {
    const request = await sns.encode({ ...sms, to }, account(given), CONTEXT);
    const form = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
    const names = [...form.keys()].filter((key) => key.endsWith(".Name"));
    return Object.fromEntries(names.map((key) => [form.get(key), form.get(key.replace(".Name", ".Value.StringValue"))]));
  };

  test("says an invalid number where SNS blames the number", () => {
    const receipt = sns.decode(error(400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +44 is not valid"));
    expect(receipt).toMatchObject({ outcome: "recipient_invalid", code: "InvalidParameter" });
  });

  test("sends from a name, a number, or what SNS chooses, transactional unless set", async () => {
    expect(await attributes({ from: "ACME" })).toEqual({
      "AWS.SNS.SMS.SMSType": "Transactional",
      "AWS.SNS.SMS.SenderID": "ACME",
    });
    expect(await attributes({ from: "+15550001111", message_type: "Promotional" })).toEqual({
      "AWS.SNS.SMS.SMSType": "Promotional",
      "AWS.MM.SMS.OriginationNumber": "+15550001111",
    });
    expect(await attributes({ from: "ACME", senders: { US: "+12025550100" } }, "+12025550123")).toMatchObject({
      "AWS.MM.SMS.OriginationNumber": "+12025550100",
    });
    expect(await attributes({})).toEqual({ "AWS.SNS.SMS.SMSType": "Transactional" });
    for (const from of ["", "Acme & Co", "twelveletters", "-", "1-1"])
      expect(sns.settings.safeParse({ region: "eu-west-1", from }).success, from).toBe(false);
  });

  test("takes 1600 bytes, whatever they are of", () => {
    expect(contentRefusal(sns, { ...sms, text: "x".repeat(1600) }, account())).toBeNull();
    expect(contentRefusal(sns, { ...sms, text: "x".repeat(1601) }, account())).toMatchObject({ code: "too_long" });
    expect(contentRefusal(sns, { ...sms, text: "é".repeat(800) }, account())).toBeNull();
    expect(contentRefusal(sns, { ...sms, text: "é".repeat(801) }, account())).toMatchObject({ code: "too_long" });
  });

  test("probes the account: one in the sandbox says so", () => {
    const state = (isIn: boolean) =>
      xml(
        200,
        `<GetSMSSandboxAccountStatusResponse><GetSMSSandboxAccountStatusResult><IsInSandbox>${isIn}</IsInSandbox></GetSMSSandboxAccountStatusResult></GetSMSSandboxAccountStatusResponse>`,
      );
    expect(sns.probe.decode(state(false))).toEqual({ ok: true, detail: "The account may send." });
    expect(sns.probe.decode(state(true))).toMatchObject({ ok: true, detail: expect.stringContaining("sandbox") });
    expect(sns.probe.decode(error(403, "AuthorizationError", "no"))).toEqual({
      ok: false,
      code: "AuthorizationError",
      detail: "no",
    });
  });
});
