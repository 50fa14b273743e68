import { describe, expect, test } from "vitest";
import { describeCallbacks } from "../../testing/describe-callbacks.ts";
import { ATTEMPT_ID } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/error-classification.json";
import events from "../../testing/specs/sms-events.json";
import vectors from "../../testing/specs/twilio-signature-vectors.json";
import type { Callback, ProviderSignal } from "../provider.ts";
import { twilio } from "./twilio.ts";
import { suppressOfCode } from "./twilio-answers.ts";

const TOKEN = "0123456789-the-auth-token-abcdef";
/** Any JSON as a parameter. */
const textOf = (value: unknown) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
const NOW = Date.UTC(2026, 10, 20, 12);
type Fields = Readonly<Record<string, unknown>>;

let n = 0;
const sid = () => `SM${String(++n).padStart(32, "0")}`;
/** A status callback: `attempt` stands in its URL, the rest in its form. */
const status = (MessageStatus: string, more: Fields = {}): Fields => ({
  attempt: ATTEMPT_ID,
  MessageSid: sid(),
  MessageStatus,
  To: "+447700900123",
  From: "+15550001111",
  AccountSid: "AC0123456789abcdef0123456789abcdef",
  ApiVersion: "2010-04-01",
  ...more,
});
const inbound = (Body: string, more: Fields = {}): Fields => ({
  MessageSid: sid(),
  SmsStatus: "received",
  From: "+447700900123",
  To: "+15550001111",
  Body,
  NumMedia: "0",
  ...more,
});

/** As Twilio posts it. */
async function posted(event: unknown): Promise<Callback> {
  const { attempt, ...fields } = (typeof event === "object" && event !== null ? event : { event }) as Fields;
  const url = new URL("https://carillon.test/hooks/sms/twilio/con_1");
  if (attempt !== undefined) url.searchParams.set("attempt", textOf(attempt));
  const form = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, textOf(value)]));
  const names = [...new Set(new URLSearchParams(form.toString()).keys())].sort();
  const text = url.href + names.map((name) => name + form.get(name)).join("");
  const key = await crypto.subtle.importKey("raw", bytes(TOKEN), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const signature = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text)))));
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature });
  return { method: "POST", url, headers, body: bytes(form.toString()) };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const failed = (code: string, type = "undelivered") => status(type, { ErrorCode: code, ErrorMessage: "why" });

describeCallbacks({
  provider: twilio,
  verification: { auth_token: TOKEN },
  foreign: { auth_token: `${TOKEN}x` },
  genuine: posted,
  windowMs: null, // it has no timestamp
  isBodySigned: true,
  headers: ["x-twilio-signature"],
  published: events.twilio.map,
  named: {
    undelivered: ["undelivered, 30003", "undelivered, 30005"],
    failed: ["failed, 21610", "failed"],
    received: ["STOP"],
    receiving: ["half a message"],
  },
  samples: {
    delivered: [
      status("delivered", { RawDlrDoneDate: "2611201405" }),
      { type: "delivered", attemptId: ATTEMPT_ID, providerMessageId: `SM${"1".padStart(32, "0")}`, recipient: "+447700900123" },
    ],
    accepted: [status("accepted"), { type: "sent" }],
    scheduled: [status("scheduled"), { type: "sent" }],
    queued: [status("queued"), { type: "sent" }],
    sending: [status("sending"), { type: "sent" }],
    sent: [status("sent"), { type: "sent", attemptId: ATTEMPT_ID }],
    partially_delivered: [status("partially_delivered"), { type: "delivered" }],
    read: [
      status("read", { To: "whatsapp:+447700900123", ChannelPrefix: "whatsapp" }),
      { type: "opened", recipient: "+447700900123" },
    ],
    canceled: [status("canceled"), { type: "failed", code: "canceled" }],
    failed: [status("failed"), { type: "failed", code: "failed" }],
    "undelivered, 30003": [failed("30003"), { type: "failed", code: "30003", reason: "why" }],
    "undelivered, 30004": [failed("30004"), { type: "failed", code: "30004" }],
    "undelivered, 30005": [failed("30005"), { type: "failed", code: "30005", suppress: "invalid" }],
    "undelivered, 30007": [failed("30007"), { type: "failed" }],
    "failed, 21610": [failed("21610", "failed"), { type: "failed", suppress: "unsubscribe" }],
    "an older status callback": [
      { attempt: ATTEMPT_ID, SmsSid: sid(), SmsStatus: "delivered", To: "+447700900123" },
      { type: "delivered", attemptId: ATTEMPT_ID },
    ],
    STOP: [
      inbound("STOP ✋", { OptOutType: "STOP" }),
      { type: "unsubscribed", attemptId: null, recipient: "+447700900123", suppress: "unsubscribe" },
    ],
    START: [inbound("Start", { OptOutType: "START" }), { type: "unsubscribed", recipient: "+447700900123", resubscribes: true }],
    HELP: [inbound("help", { OptOutType: "HELP" }), null],
    "stop, where Twilio only has its default words": [
      inbound(" Unsubscribe. "),
      { type: "unsubscribed", recipient: "+447700900123", suppress: "unsubscribe" },
    ],
    "start, where Twilio only has its default words": [inbound("UNSTOP"), { resubscribes: true, recipient: "+447700900123" }],
    "a word of many": [inbound("Please do not stop now"), null],
    "half a message": [
      { ...inbound("stop"), SmsStatus: "receiving" },
      { type: "unsubscribed", suppress: "unsubscribe" },
    ],
    "a status that is new": [status("teleported"), null],
  },
});

describe("callbacks of twilio", () => {
  test("suppress by the table: where it says so, and nowhere else", () => {
    const rows = errors.twilio.rows.filter(({ match }) => /^[\d|]+$/.test(match));
    for (const row of rows) {
      const { class: kind, suppress } = row as { class: string; suppress?: boolean };
      for (const code of row.match.split("|")) {
        const found = suppressOfCode(Number(code));
        if (suppress === true) expect(found, code).toBe(code === "21610" ? "unsubscribe" : "invalid");
        if (suppress === false || kind !== "recipient_invalid") expect(found, code).toBeUndefined();
      }
    }
  });

  test.each(vectors.vectors)("are verified as published: $name", async ({ authToken, url, signature, valid, ...given }) => {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries("params" in given ? given.params : {})) {
      for (const one of [value].flat()) form.append(name, String(one));
    }
    const body = bytes("body" in given ? String(given.body) : form.toString());
    const callback: Callback = {
      method: "POST",
      url: new URL(url),
      headers: new Headers({ "x-twilio-signature": signature }),
      body,
    };
    const reading = await twilio.callbacks?.read(callback, { auth_token: authToken }, { now: NOW, certificate: fail });
    expect(reading?.kind !== "forged").toBe(valid);
  });

  test("are verified under a port that Twilio saw and we do not, or the other way round", async () => {
    const signed = await posted(status("sent"));
    const { search, pathname } = signed.url;
    const under = (origin: string) =>
      twilio.callbacks?.read(
        { ...signed, url: new URL(`${origin}${pathname}${search}`) },
        { auth_token: TOKEN },
        { now: NOW, certificate: fail },
      );
    expect(await under("https://carillon.test:8443")).toMatchObject({ kind: "signals" });
    expect(await under("http://carillon.test")).toMatchObject({ kind: "forged" });
    expect(await under("https://carillon.test.evil.example")).toMatchObject({ kind: "forged" });
  });

  test("of another attempt than the one that was signed are forged", async () => {
    const callback = await posted(status("delivered"));
    const url = new URL(callback.url);
    url.searchParams.set("attempt", ATTEMPT_ID.replace("0001", "0002"));
    expect(
      await twilio.callbacks?.read({ ...callback, url }, { auth_token: TOKEN }, { now: NOW, certificate: fail }),
    ).toMatchObject({
      kind: "forged",
    });
  });

  test("that say that Twilio has it are one event, however many they are", async () => {
    const one = status("queued");
    const keys: (string | undefined)[] = [];
    for (const MessageStatus of ["accepted", "queued", "sending", "sent", "delivered"]) {
      const reading = await twilio.callbacks?.read(
        await posted({ ...one, MessageStatus }),
        { auth_token: TOKEN },
        { now: NOW, certificate: fail },
      );
      const signals: readonly ProviderSignal[] = reading?.kind === "signals" ? reading.signals : [];
      keys.push(signals[0]?.key);
    }
    expect(new Set(keys).size).toBe(2);
  });
});

function fail(): Promise<string> {
  return Promise.reject(new Error("it needs no certificate"));
}
