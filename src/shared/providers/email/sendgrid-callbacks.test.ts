import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import events from "../../testing/specs/event-status-map.json";
import { sendgrid } from "./sendgrid.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

async function makeKey() {
  const { publicKey, privateKey } = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  return { privateKey, public_key: base64(new Uint8Array((await crypto.subtle.exportKey("spki", publicKey)) as ArrayBuffer)) };
}
const [ours, theirs] = await Promise.all([makeKey(), makeKey()]);

/** An INTEGER in DER: no needless zero in front, one where the first bit is set. */
function integer(bytes: Uint8Array): number[] {
  const digits = [...bytes];
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  if ((digits[0] ?? 0) > 127) digits.unshift(0);
  return [2, digits.length, ...digits];
}

async function genuine(event: unknown, atMs: number) {
  const timestamp = String(Math.floor(atMs / 1000));
  // With the line break that SendGrid puts after the list.
  const body = new TextEncoder().encode(`${JSON.stringify(Array.isArray(event) ? event : [event])}\r\n`);
  const signed = new Uint8Array([...new TextEncoder().encode(timestamp), ...body]);
  const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, ours.privateKey, signed));
  const pair = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
  const headers = new Headers({
    "x-twilio-email-event-webhook-signature": base64(Uint8Array.from([0x30, pair.length, ...pair])),
    "x-twilio-email-event-webhook-timestamp": timestamp,
  });
  return { method: "POST", url: new URL("https://carillon.test/hooks/email/sendgrid/con_1"), headers, body };
}

let n = 0;
const event = (event: string, more: object = {}) => ({
  email: "ada@customer.example",
  timestamp: 1_795_176_000,
  event,
  sg_event_id: `event-${++n}`,
  sg_message_id: "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
  carillon_attempt_id: ATTEMPT_ID,
  carillon_message_id: "msg_1",
  ...more,
});

describeCallbacks({
  provider: sendgrid,
  verification: { public_key: ours.public_key },
  foreign: { public_key: theirs.public_key },
  genuine,
  together: (events) => events,
  windowMs: 300_000,
  isBodySigned: true,
  headers: ["x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"],
  published: events.sendgrid.map,
  named: {
    "dropped(Bounced Address|Spam Reporting Address|Invalid|Unsubscribed Address|Recipient List over Package Quota…)": [
      "dropped, bounced before",
      "dropped, complained before",
      "dropped, unsubscribed",
      "dropped, invalid",
      "dropped for the account",
    ],
  },
  samples: {
    delivered: [
      event("delivered", { response: "250 OK" }),
      {
        type: "delivered",
        attemptId: ATTEMPT_ID,
        providerMessageId: "14c5d75ce93",
        at: 1_795_176_000_000,
        recipient: "ada@customer.example",
        reason: "250 OK",
      },
    ],
    processed: [event("processed"), { type: "sent" }],
    deferred: [event("deferred", { response: "451 later", attempt: "5" }), { type: "deferred", reason: "451 later" }],
    "bounce(type=bounce)": [
      event("bounce", { type: "bounce", status: "5.1.1", reason: "550 unknown" }),
      { type: "bounced", suppress: "bounce", code: "5.1.1", reason: "550 unknown" },
    ],
    "bounce(type=blocked)": [event("bounce", { type: "blocked", status: "5.7.1" }), { type: "bounced" }],
    "dropped, bounced before": [event("dropped", { reason: "Bounced Address" }), { type: "failed", suppress: "bounce" }],
    "dropped, complained before": [
      event("dropped", { reason: "Spam Reporting Address" }),
      { type: "failed", suppress: "complaint" },
    ],
    "dropped, unsubscribed": [event("dropped", { reason: "Unsubscribed Address" }), { type: "failed", suppress: "unsubscribe" }],
    "dropped, invalid": [event("dropped", { reason: "Invalid" }), { type: "failed", suppress: "invalid" }],
    "dropped for the account": [event("dropped", { reason: "Recipient List over Package Quota" }), { type: "failed" }],
    "dropped for a header": [event("dropped", { reason: "Invalid SMTPAPI header" }), { type: "failed" }],
    open: [event("open", { sg_machine_open: true }), { type: "opened", code: "machine" }],
    click: [event("click", { url: "https://acme.example/" }), { type: "clicked", reason: "https://acme.example/" }],
    spamreport: [event("spamreport"), { type: "complained", suppress: "complaint" }],
    unsubscribe: [event("unsubscribe"), { type: "unsubscribed", suppress: "unsubscribe" }],
    group_unsubscribe: [event("group_unsubscribe", { asm_group_id: 42 }), { type: "unsubscribed", code: "group_42" }],
    group_resubscribe: [event("group_resubscribe"), null],
    account_status_change: [event("account_status_change", { type: "compliance_suspend" }), null],
    "of another sender's mail": [event("delivered", { carillon_attempt_id: undefined }), { type: "delivered", attemptId: null }],
    "without an id": [event("delivered", { sg_event_id: undefined }), null],
  },
});

describe("callbacks of sendgrid", () => {
  test.each(["", "MFkw", btoa("x".repeat(91)), "-----BEGIN PUBLIC KEY-----"])("have no key %.20j", (public_key) => {
    expect(sendgrid.callbacks?.verification.safeParse({ public_key }).success).toBe(false);
  });
});
