import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import { makeTopic, posted } from "../../testing/sns.ts";
import errors from "../../testing/specs/sms-errors.json";
import events from "../../testing/specs/sms-events.json";
import { contentRefusal } from "../supports.ts";
import { awsSms } from "./aws-sms.ts";
import type { SmsEnvelope } from "./parts.ts";

const credentials = { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const settings = { region: "eu-west-1", from: "ACME", configuration_set: "events" };

const bodyOf = (sent: Pick<Sent, "body">) =>
  JSON.parse(sent.body) as {
    MessageBody: string;
    Context: { attempt_id?: string; message_id?: string };
    OriginationIdentity?: string;
  };

/** An error as AWS's JSON services send it. */
const error = (status: number, type: string, reason?: string) => [
  answer(status, { __type: type, Message: "why", ...(reason && { Reason: reason }) }),
  answer(status, { __type: `com.amazonaws.pinpointsmsvoicev2#${type}`, message: "why", ...(reason && { Reason: reason }) }),
  answer(
    status,
    { Message: "why", ...(reason && { Reason: reason }) },
    { "x-amzn-errortype": `${type}:http://internal.amazon.com/` },
  ),
];
const byEvent = "an event, and never an answer: the callbacks below";

describeProvider({
  provider: awsSms,
  channel: "sms",
  account: { credentials, settings },
  open: ["access_key_id"],
  origin: "https://sms-voice.eu-west-1.amazonaws.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => place !== ".MessageBody",
  attemptIdOf: (sent) => bodyOf(sent).Context.attempt_id ?? null,
  textsOf: (sent) => [bodyOf(sent).MessageBody],
  success: answer(200, { MessageId: "862a8790-60c0-4430-9b2b-658bdexample" }),
  refuses: ["+12025550123", "+14165550123", "+8613812345678"],
  table: errors.aws_eum_sms,
  answers: {
    ThrottlingException: [...error(400, "ThrottlingException"), answer(429, "")],
    ServiceQuotaExceededException: error(402, "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
    "ConflictException DESTINATION_PHONE_NUMBER_OPTED_OUT": error(409, "ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
    "ConflictException DESTINATION_PHONE_NUMBER_NOT_VERIFIED|NO_ORIGINATION_IDENTITIES_FOUND|RESOURCE_NOT_ACTIVE|REGISTRATION_NOT_COMPLETE|NUMBER_CAPABILITIES_MISMATCH|MESSAGE_TYPE_MISMATCH|DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION":
      [
        "DESTINATION_PHONE_NUMBER_NOT_VERIFIED",
        "NO_ORIGINATION_IDENTITIES_FOUND",
        "RESOURCE_NOT_ACTIVE",
        "REGISTRATION_NOT_COMPLETE",
        "NUMBER_CAPABILITIES_MISMATCH",
        "MESSAGE_TYPE_MISMATCH",
        "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION",
      ].flatMap((reason) => error(409, "ConflictException", reason)),
    "ConflictException DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": error(
      409,
      "ConflictException",
      "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",
    ),
    ValidationException: error(400, "ValidationException", "SENDER_ID_NOT_SUPPORTED"),
    AccessDeniedException: [...error(400, "AccessDeniedException"), answer(403, "")],
    ResourceNotFoundException: error(400, "ResourceNotFoundException"),
    InternalServerException: [...error(500, "InternalServerException"), answer(500, ""), answer(503, ""), answer(408, "")],
  },
  elsewhere: {
    "event TEXT_INVALID|TEXT_INVALID_MESSAGE": byEvent,
    "event TEXT_UNREACHABLE|TEXT_CARRIER_UNREACHABLE|TEXT_UNKNOWN|TEXT_TTL_EXPIRED": byEvent,
    "event TEXT_BLOCKED|TEXT_CARRIER_BLOCKED|TEXT_SPAM|TEXT_PROTECT_BLOCKED": byEvent,
  },
});

const ARN = "arn:aws:sns:eu-west-1:123456789012:sms-events";
const NOW = Date.UTC(2026, 10, 20, 12);
const topic = await makeTopic(ARN);

let n = 0;
const event = (eventType: string, more: object = {}) => ({
  eventType,
  eventVersion: "1.0",
  eventTimestamp: NOW,
  isFinal: true,
  destinationPhoneNumber: "+447700900123",
  messageId: `862a8790-${++n}`,
  messageStatusDescription: "What the carrier said",
  context: { attempt_id: ATTEMPT_ID, message_id: "msg_01M7WXHTZH0000004NNR5APDB9" },
  totalMessageParts: 1,
  ...more,
});
const failed = (eventType: string) => [event(eventType), { type: "failed", code: eventType }] as const;
const bounced = (eventType: string) => [event(eventType), { type: "bounced", code: eventType }] as const;
const inbound = (messageBody: string) => ({
  originationNumber: "+447700900123",
  destinationNumber: "+447700900000",
  messageKeyword: "KEYWORD_447700900000",
  messageBody,
  inboundMessageId: `in-${++n}`,
  previousPublishedMessageId: "862a8790-0",
});

describeCallbacks({
  provider: awsSms,
  verification: { topic_arn: ARN },
  foreign: { topic_arn: ARN.replace("sms", "other") },
  genuine: async (given, atMs) => posted(await topic.notification(JSON.stringify(given), atMs)),
  certificate: async () => topic.pem,
  windowMs: 65 * 60_000,
  isBodySigned: true,
  headers: [],
  published: events.aws_eum_sms.map,
  samples: {
    TEXT_DELIVERED: [
      event("TEXT_DELIVERED"),
      { type: "delivered", attemptId: ATTEMPT_ID, providerMessageId: "862a8790-1", at: NOW, recipient: "+447700900123" },
    ],
    ...Object.fromEntries(
      ["TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT", "TEXT_SUCCESSFUL"].map((type) => [
        type,
        [event(type), { type: "sent" }] as const,
      ]),
    ),
    ...Object.fromEntries(
      ["TEXT_INVALID", "TEXT_INVALID_MESSAGE", "TEXT_BLOCKED", "TEXT_CARRIER_BLOCKED", "TEXT_SPAM", "TEXT_PROTECT_BLOCKED"].map(
        (type) => [type, failed(type)],
      ),
    ),
    ...Object.fromEntries(
      ["TEXT_UNREACHABLE", "TEXT_CARRIER_UNREACHABLE", "TEXT_TTL_EXPIRED", "TEXT_UNKNOWN"].map((type) => [type, bounced(type)]),
    ),
    "a message that stops": [
      inbound("Stop"),
      { type: "unsubscribed", attemptId: null, recipient: "+447700900123", suppress: "unsubscribe" },
    ],
    "a message that begins again": [inbound("START."), { resubscribes: true, recipient: "+447700900123" }],
    "a message that does not": [inbound("Thank you"), null],
    "a kind that is new": [event("TEXT_TELEPORTED"), null],
    "an event of a voice message": [event("VOICE_COMPLETED"), null],
  },
});

describe("aws-sms", () => {
  const sms: SmsEnvelope = { attemptId: "att_1", messageId: "msg_1", to: "+12025550123", tags: [], channel: "sms", text: "Hi" };
  const account = (given: object) => ({
    connectionId: "c",
    credentials,
    settings: awsSms.settings.parse({ region: "us-east-1", ...given }),
  });
  const sent = async (given: object) => bodyOf({ body: await (await awsSms.encode(sms, account(given), CONTEXT)).text() });

  test("sends under the country's own identity, and leaves the choice to AWS where there is none", async () => {
    expect(await sent({ from: "ACME", senders: { US: "pool-0123456789abcdef" } })).toMatchObject({
      OriginationIdentity: "pool-0123456789abcdef",
    });
    expect(await sent({})).not.toHaveProperty("OriginationIdentity");
  });

  test("is left out for a name where none is taken; what a pool sends under is for AWS to know", () => {
    const refused = (given: object) => awsSms.refuse?.(sms.to, account(given)) ?? null;
    expect(refused({ from: "ACME" })).toMatchObject({ code: "sender_not_taken" });
    expect(refused({ from: "ACME", senders: { US: "+12025550100" } })).toBeNull();
    expect(refused({ from: "ACME", senders: { US: "pool-0123456789abcdef" } })).toBeNull();
    expect(refused({ from: "arn:aws:sms-voice:us-east-1:123456789012:sender-id/ACME" })).toBeNull();
    expect(refused({})).toBeNull();
  });

  test("names both ids in its context, and takes 1600 characters", async () => {
    expect((await sent({})).Context).toEqual({ attempt_id: "att_1", message_id: "msg_1" });
    expect(contentRefusal(awsSms, { ...sms, text: "x".repeat(1600) }, account({}))).toBeNull();
    expect(contentRefusal(awsSms, { ...sms, text: "x".repeat(1601) }, account({}))).toMatchObject({ code: "too_long" });
  });

  test("probes the account: one in the sandbox says so", () => {
    const attributes = (Value: string) => answer(200, { AccountAttributes: [{ Name: "ACCOUNT_TIER", Value }] });
    expect(awsSms.probe.decode(attributes("PRODUCTION"))).toEqual({ ok: true, detail: "The account may send." });
    expect(awsSms.probe.decode(attributes("SANDBOX"))).toMatchObject({ ok: true, detail: expect.stringContaining("sandbox") });
    expect(awsSms.probe.decode(answer(400, { __type: "AccessDeniedException", Message: "no" }))).toEqual({
      ok: false,
      code: "AccessDeniedException",
      detail: "no",
    });
  });

  test("that AWS has it, is one event, however many it sends of it", async () => {
    const one = event("TEXT_QUEUED");
    const keys: string[] = [];
    for (const eventType of ["TEXT_QUEUED", "TEXT_PENDING", "TEXT_SUCCESSFUL", "TEXT_DELIVERED"]) {
      const message = await topic.notification(JSON.stringify({ ...one, eventType }), NOW);
      const reading = await awsSms.callbacks?.read(
        posted(message),
        { topic_arn: ARN },
        { now: NOW, certificate: async () => topic.pem },
      );
      if (reading?.kind === "signals") keys.push(...reading.signals.map(({ key }) => key));
    }
    expect(new Set(keys).size).toBe(2);
  });
});
