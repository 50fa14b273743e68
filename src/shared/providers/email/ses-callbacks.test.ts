import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import { makeTopic, posted, SNS_CERTIFICATE_URL, type SnsMessage } from "../../testing/sns.ts";
import events from "../../testing/specs/event-status-map.json";
import { ses } from "./ses.ts";

const ARN = "arn:aws:sns:eu-west-1:123456789012:mail-events";
const NOW = Date.UTC(2026, 10, 20, 12);
const topic = await makeTopic(ARN);

let n = 0;
const event = (eventType: string, more: object = {}) => ({
  eventType,
  mail: {
    timestamp: "2026-11-20T11:59:00.000Z",
    messageId: `0100018c-${++n}`,
    destination: ["ada@customer.example"],
    tags: { attempt_id: [ATTEMPT_ID], "ses:configuration-set": ["events"] },
  },
  ...more,
});
const timestamp = "2026-11-20T12:00:00.000Z";
const bounce = (bounceType: string, bounceSubType: string) =>
  event("Bounce", {
    bounce: {
      bounceType,
      bounceSubType,
      timestamp,
      bouncedRecipients: [{ emailAddress: "ada@customer.example", status: "5.1.1", diagnosticCode: "smtp; 550 unknown" }],
    },
  });
const complaint = (more: object) =>
  event("Complaint", { complaint: { timestamp, complainedRecipients: [{ emailAddress: "ada@customer.example" }], ...more } });
const subscription = (unsubscribeAll: boolean) =>
  event("Subscription", { subscription: { timestamp, newTopicPreferences: { unsubscribeAll } } });

describeCallbacks({
  provider: ses,
  verification: { topic_arn: ARN },
  foreign: { topic_arn: ARN.replace("mail", "other") },
  genuine: async (given, atMs) => posted(await topic.notification(JSON.stringify(given), atMs)),
  certificate: async () => topic.pem,
  windowMs: 65 * 60_000,
  isBodySigned: true,
  headers: [],
  published: events.ses_sns.map,
  named: { Subscription: ["Subscription, of all"] },
  otherwise: {
    "Bounce/Transient/CustomTimeoutExceeded": "`expired` is an end that we decide: SES giving up is a bounce that may pass",
  },
  samples: {
    Delivery: [
      event("Delivery", { delivery: { timestamp, recipients: ["ada@customer.example"], smtpResponse: "250 OK" } }),
      {
        type: "delivered",
        attemptId: ATTEMPT_ID,
        providerMessageId: "0100018c-1",
        at: NOW,
        recipient: "ada@customer.example",
        reason: "250 OK",
      },
    ],
    Send: [event("Send", { send: {} }), { type: "sent", recipient: "ada@customer.example", at: NOW - 60_000 }],
    DeliveryDelay: [
      event("DeliveryDelay", {
        deliveryDelay: { timestamp, delayType: "MailboxFull", delayedRecipients: [{ emailAddress: "ada@customer.example" }] },
      }),
      { type: "deferred", code: "MailboxFull", recipient: "ada@customer.example" },
    ],
    ...Object.fromEntries(
      [
        "General",
        "NoEmail",
        "Suppressed",
        "OnAccountSuppressionList",
        "OnTenantSuppressionList",
        "EmailValidationSuppressed",
      ].map((kind) => [
        `Bounce/Permanent/${kind}`,
        [
          bounce("Permanent", kind),
          { type: "bounced", suppress: "bounce", code: `Permanent/${kind}`, reason: "smtp; 550 unknown" },
        ] as const,
      ]),
    ),
    "Bounce/Permanent/UnsubscribedRecipient": [
      bounce("Permanent", "UnsubscribedRecipient"),
      { type: "bounced", suppress: "unsubscribe" },
    ],
    ...Object.fromEntries(
      [
        "Transient/General",
        "Transient/MailboxFull",
        "Transient/MessageTooLarge",
        "Transient/ContentRejected",
        "Transient/AttachmentRejected",
        "Transient/CustomTimeoutExceeded",
        "Undetermined/Undetermined",
      ].map((kind) => {
        const [type = "", subType = ""] = kind.split("/");
        return [`Bounce/${kind}`, [bounce(type, subType), { type: "bounced", code: kind }] as const];
      }),
    ),
    Complaint: [
      complaint({ complaintFeedbackType: "abuse" }),
      { type: "complained", suppress: "complaint", code: "abuse", recipient: "ada@customer.example" },
    ],
    "Complaint/not-spam": [complaint({ complaintFeedbackType: "not-spam" }), null],
    "Complaint/OnAccountSuppressionList": [
      complaint({ complaintSubType: "OnAccountSuppressionList" }),
      { type: "bounced", suppress: "complaint", code: "OnAccountSuppressionList" },
    ],
    Reject: [event("Reject", { reject: { reason: "Bad content" } }), { type: "failed", reason: "Bad content" }],
    "Rendering Failure": [
      event("Rendering Failure", { failure: { errorMessage: "Attribute 'x' is not present", templateName: "t" } }),
      { type: "failed", code: "RenderingFailure" },
    ],
    Open: [event("Open", { open: { timestamp, ipAddress: "192.0.2.1" } }), { type: "opened", at: NOW }],
    Click: [
      event("Click", { click: { timestamp, link: "https://acme.example/" } }),
      { type: "clicked", reason: "https://acme.example/" },
    ],
    "Subscription, of all": [subscription(true), { type: "unsubscribed", suppress: "unsubscribe" }],
    "Subscription, of some": [subscription(false), null],
    "a notification of an identity": [
      {
        ...event("x", { delivery: { timestamp, recipients: ["ada@customer.example"] } }),
        eventType: undefined,
        notificationType: "Delivery",
      },
      { type: "delivered" },
    ],
    "a kind that is new": [event("Teleported"), null],
  },
});

describe("callbacks of ses", () => {
  const read = (message: SnsMessage, { verification = {}, pem = topic.pem, now = NOW, fetched = [] as string[] } = {}) =>
    ses.callbacks?.read(
      posted(message),
      { topic_arn: ARN, ...verification },
      {
        now,
        certificate: async (url) => {
          fetched.push(url);
          return pem;
        },
      },
    );
  const delivered = JSON.stringify(event("Delivery", { delivery: { timestamp, recipients: ["a@b.example", "c@d.example"] } }));

  test("make one signal of each recipient, with keys of their own", async () => {
    const reading = await read(await topic.notification(delivered, NOW));
    if (reading?.kind !== "signals") throw new Error("no signals");
    expect(reading.signals.map((signal) => signal.recipient)).toEqual(["a@b.example", "c@d.example"]);
    expect(new Set(reading.signals.map((signal) => signal.key)).size).toBe(2);
  });

  test("are taken with SHA-1 only where that is allowed", async () => {
    const old = await topic.notification(delivered, NOW, "1");
    expect(await read(old)).toMatchObject({ kind: "forged", reason: expect.stringContaining("SHA-1") });
    expect(await read(old, { verification: { allow_sha1: true } })).toMatchObject({ kind: "signals" });
    const claimed = { ...(await topic.notification(delivered, NOW)), SignatureVersion: "1" };
    expect(await read(claimed, { verification: { allow_sha1: true } })).toMatchObject({ kind: "forged" });
  });

  test("sign their subject where they have one", async () => {
    const { Signature: _, SignatureVersion: __, SigningCertURL: ___, ...plain } = await topic.notification(delivered, NOW);
    const withSubject = await topic.sign({ ...plain, Subject: "Amazon SES" });
    expect(await read(withSubject)).toMatchObject({ kind: "signals" });
    expect(await read({ ...withSubject, Subject: "other" })).toMatchObject({ kind: "forged" });
  });

  test("ask to be confirmed at SNS itself, and for the connection's topic only", async () => {
    expect(await read(await topic.confirmation(NOW))).toEqual({
      kind: "confirm",
      url: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${ARN}&Token=t0`,
    });
    for (const SubscribeURL of [
      `https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&TopicArn=${ARN}&Token=t0`,
      `http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${ARN}&Token=t0`,
      `https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${ARN}&Token=t0`,
      `https://u:p@sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${ARN}&Token=t0`,
      `https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=${ARN}`,
      `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${ARN}x&Token=t0`,
      "not a url",
    ]) {
      expect(await read(await topic.confirmation(NOW, { SubscribeURL })), SubscribeURL).toMatchObject({ kind: "forged" });
    }
    expect(await read({ ...(await topic.confirmation(NOW)), Token: "other" })).toMatchObject({ kind: "forged" });
    expect(await read(await topic.confirmation(NOW, { Type: "UnsubscribeConfirmation" }))).toEqual({ kind: "ignored" });
  });

  test.each([
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-00000000000000000000000000000000.pem",
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",
    "https://evil.example/SimpleNotificationService-00000000000000000000000000000000.pem",
    "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-00000000000000000000000000000000.pem",
    "https://sns.eu-west-1.amazonaws.com/mine.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-00000000000000000000000000000000.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem\n",
    "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",
  ])("fetch no certificate from %s", async (SigningCertURL) => {
    const fetched: string[] = [];
    const message = { ...(await topic.notification(delivered, NOW)), SigningCertURL };
    expect(await read(message, { fetched })).toMatchObject({ kind: "forged" });
    expect(fetched).toEqual([]);
  });

  test("fetch theirs from SNS, in China as well", async () => {
    const fetched: string[] = [];
    const china = SNS_CERTIFICATE_URL.replace("eu-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn");
    await read(await topic.notification(delivered, NOW), { fetched });
    await read({ ...(await topic.notification(delivered, NOW)), SigningCertURL: china }, { fetched });
    expect(fetched).toEqual([SNS_CERTIFICATE_URL, china]);
  });

  test.each(["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "<html>"])(
    "are forged where the certificate is none: %j",
    async (pem) => {
      expect(await read(await topic.notification(delivered, NOW), { pem })).toMatchObject({ kind: "forged" });
    },
  );

  test("are forged under another's certificate, of another topic, or without the signature that raw delivery leaves out", async () => {
    const other = await makeTopic(ARN);
    expect(await read(await topic.notification(delivered, NOW), { pem: other.pem })).toMatchObject({ kind: "forged" });
    const foreign = await makeTopic(`${ARN}-other`);
    expect(await read(await foreign.notification(delivered, NOW), { pem: foreign.pem })).toMatchObject({ kind: "forged" });
    expect(await read(JSON.parse(delivered) as SnsMessage)).toMatchObject({ kind: "forged" });
  });

  test("are nothing to us when SES only greets the topic", async () => {
    const greeting = "Successfully validated SNS topic for Amazon SES event publishing.";
    expect(await read(await topic.notification(greeting, NOW))).toEqual({ kind: "ignored" });
  });
});
