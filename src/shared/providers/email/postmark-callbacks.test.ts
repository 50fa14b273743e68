import { expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import events from "../../testing/specs/event-status-map.json";
import { postmark } from "./postmark.ts";

const verification = { username: "carillon", password: "correct-horse-battery" };

async function genuine(event: unknown) {
  const authorization = `Basic ${btoa(`${verification.username}:${verification.password}`)}`;
  const headers = new Headers({ authorization, "content-type": "application/json" });
  const url = new URL("https://carillon.test/hooks/email/postmark/con_1");
  return { method: "POST", url, headers, body: new TextEncoder().encode(JSON.stringify(event)) };
}

let n = 0;
const record = (RecordType: string, more: object = {}) => ({
  RecordType,
  MessageID: `00000000-0000-4000-8000-${String(++n).padStart(12, "0")}`,
  Metadata: { attempt_id: ATTEMPT_ID, message_id: "msg_1" },
  MessageStream: "outbound",
  ...more,
});
const bounce = (Type: string) =>
  record("Bounce", { ID: n, Type, Email: "ada@customer.example", BouncedAt: "2026-11-20T12:00:01Z", Description: "why" });
const open = { Recipient: "ada@customer.example", ReceivedAt: "2026-11-20T12:00:01Z" };
const change = (SuppressSending: boolean, SuppressionReason: string | null) =>
  record("SubscriptionChange", {
    Recipient: "ada@customer.example",
    ChangedAt: "2026-11-20T12:00:02Z",
    SuppressSending,
    SuppressionReason,
  });
const hard = bounce("HardBounce");

describeCallbacks({
  provider: postmark,
  verification,
  foreign: { ...verification, password: "another-horse-battery" },
  genuine,
  windowMs: null,
  isBodySigned: false,
  headers: ["authorization"],
  published: events.postmark.map,
  named: {
    "Bounce/HardBounce|BadEmailAddress|ManuallyDeactivated|SpamNotification": [
      "Bounce/HardBounce",
      "Bounce/BadEmailAddress",
      "Bounce/ManuallyDeactivated",
      "Bounce/SpamNotification",
    ],
    "Bounce/SoftBounce|Transient|DnsError|Blocked|Unknown|SMTPApiError": [
      "Bounce/SoftBounce",
      "Bounce/Transient",
      "Bounce/DnsError",
      "Bounce/Blocked",
      "Bounce/Unknown",
      "Bounce/SMTPApiError",
    ],
    SubscriptionChange: ["SubscriptionChange, asked for", "SubscriptionChange, bounced", "SubscriptionChange, complained"],
  },
  samples: {
    Delivery: [
      record("Delivery", { Recipient: "ada@customer.example", DeliveredAt: "2026-11-20T13:00:00+01:00", Details: "250 OK" }),
      {
        type: "delivered",
        attemptId: ATTEMPT_ID,
        at: Date.UTC(2026, 10, 20, 12),
        recipient: "ada@customer.example",
        reason: "250 OK",
      },
    ],
    "Bounce/HardBounce": [hard, { type: "bounced", suppress: "bounce", code: "HardBounce", reason: "why" }],
    "Bounce/BadEmailAddress": [bounce("BadEmailAddress"), { type: "bounced", suppress: "bounce" }],
    "Bounce/ManuallyDeactivated": [bounce("ManuallyDeactivated"), { type: "bounced", suppress: "bounce" }],
    "Bounce/SpamNotification": [bounce("SpamNotification"), { type: "bounced", suppress: "bounce" }],
    "Bounce/SoftBounce": [bounce("SoftBounce"), { type: "bounced" }],
    "Bounce/Transient": [bounce("Transient"), { type: "bounced" }],
    "Bounce/DnsError": [bounce("DnsError"), { type: "bounced" }],
    "Bounce/Blocked": [bounce("Blocked"), { type: "bounced" }],
    "Bounce/Unknown": [bounce("Unknown"), { type: "bounced" }],
    "Bounce/SMTPApiError": [bounce("SMTPApiError"), { type: "bounced" }],
    "Bounce/SpamComplaint": [bounce("SpamComplaint"), { type: "complained", suppress: "complaint" }],
    "Bounce/Unsubscribe": [bounce("Unsubscribe"), { type: "unsubscribed", suppress: "unsubscribe" }],
    "Bounce/AutoResponder": [bounce("AutoResponder"), null],
    "Bounce/TemplateRenderingFailed": [bounce("TemplateRenderingFailed"), { type: "failed" }],
    SpamComplaint: [
      record("SpamComplaint", { ID: 7, Email: "ada@customer.example", BouncedAt: "2026-11-20T12:00:01Z" }),
      { type: "complained", suppress: "complaint", recipient: "ada@customer.example" },
    ],
    "SubscriptionChange, asked for": [change(true, "ManualSuppression"), { type: "unsubscribed", suppress: "unsubscribe" }],
    "SubscriptionChange, bounced": [change(true, "HardBounce"), { type: "bounced", suppress: "bounce" }],
    "SubscriptionChange, complained": [change(true, "SpamComplaint"), { type: "complained", suppress: "complaint" }],
    "SubscriptionChange, back again": [change(false, null), null],
    Open: [record("Open", open), { type: "opened" }],
    Click: [
      record("Click", { ...open, OriginalLink: "https://acme.example/" }),
      { type: "clicked", reason: "https://acme.example/" },
    ],
    Inbound: [record("Inbound"), null],
  },
});

test("a hard bounce that is told twice, as itself and as a change of subscription, is one", async () => {
  const keyOf = async (event: object) => {
    const context = { now: 0, certificate: () => Promise.reject(new Error("none")) };
    const read = await postmark.callbacks?.read(await genuine(event), verification, context);
    return read?.kind === "signals" ? read.signals.map((signal) => signal.key) : read;
  };
  expect(await keyOf({ ...change(true, "HardBounce"), MessageID: hard.MessageID })).toEqual(await keyOf(hard));
});
