/** AWS's own signer, and the shapes that its clients are generated from, as judges of what we send. */
import { describe, expect, test } from "vitest";
import { shapeFlaws } from "../../testing/aws-shapes.ts";
import { type SignedParts, smithyAuthorization } from "../../testing/smithy.ts";
import type { HttpProvider } from "../provider.ts";
import { awsSms } from "./aws-sms.ts";
import type { SmsEnvelope } from "./parts.ts";
import { sns } from "./sns.ts";

const now = Date.UTC(2026, 10, 20, 12, 30, 5);
const context = { now, callbackUrl: null, idempotencyKey: "k", session: null };
const credentials = { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const sms: SmsEnvelope = {
  attemptId: "att_01M7WXHTZH0000004NNR5APDB90001",
  messageId: "msg_01M7WXHTZH0000004NNR5APDB9",
  to: "+447700900123",
  tags: ["orders"],
  channel: "sms",
  text: "Grüße, Ihr Paket 📦 ist da + 50 % & mehr",
};

async function partsOf(request: Request): Promise<SignedParts> {
  const url = new URL(request.url);
  const { authorization: _, ...headers } = Object.fromEntries(request.headers);
  return { method: request.method, url, headers: { ...headers, host: url.host }, body: await request.text() };
}

const services = { "aws-sms": "sms-voice", sns: "sns" } as const;

describe.each([
  ["aws-sms", awsSms],
  ["sns", sns],
] as const satisfies [string, HttpProvider][])("%s, judged by AWS's signer", (id, provider) => {
  test.each([
    ["a message", {}, credentials],
    ["a session token", {}, { ...credentials, session_token: "FwoGZXIvYXdzE//8=" }],
    ["another endpoint", { endpoint: "http://127.0.0.1:4566/aws/" }, credentials],
    ["China", { region: "cn-north-1" }, credentials],
  ])("signs %s as it does", async (_, more, given) => {
    const settings = { region: "eu-west-1", from: "ACME", ...more };
    const account = { connectionId: "con_1", credentials: given, settings };
    const signing = {
      accessKeyId: given.access_key_id,
      secretAccessKey: given.secret_access_key,
      region: settings.region,
      service: services[id],
    };
    for (const request of [await provider.encode(sms, account, context), await provider.probe.encode(account, context)]) {
      const signature = /Signature=([0-9a-f]{64})$/;
      const ours = request.headers.get("authorization") ?? "";
      const theirs = await smithyAuthorization(await partsOf(request), signing, new Date(now));
      expect(signature.exec(ours)?.[1]).toBe(signature.exec(theirs)?.[1]);
      expect(ours).toContain(`/${settings.region}/${services[id]}/aws4_request`);
    }
  });
});

describe("aws-sms, judged by AWS's shapes", () => {
  const sent = async (settings: object, more: Partial<SmsEnvelope> = {}) => {
    const account = { connectionId: "con_1", credentials, settings: awsSms.settings.parse({ region: "eu-west-1", ...settings }) };
    const request = await awsSms.encode({ ...sms, ...more }, account, context);
    expect(request.headers.get("x-amz-target")).toBe("PinpointSMSVoiceV2.SendTextMessage");
    expect(request.headers.get("content-type")).toBe("application/x-amz-json-1.0");
    return JSON.parse(await request.text()) as unknown;
  };

  test.each([
    ["the least that it takes", {}, {}],
    [
      "all that there is",
      { from: "pool-0123456789abcdef", configuration_set: "events", message_type: "PROMOTIONAL" },
      { validitySeconds: 900.5 },
    ],
    ["a validity of a moment", { from: "ACME" }, { validitySeconds: 0.1 }],
    ["a validity of a month", { from: "+15550001111" }, { validitySeconds: 2_592_000 }],
    ["the longest text", {}, { text: "x".repeat(1600) }],
  ])("fits: %s", async (_, settings, more) => {
    expect(shapeFlaws("SendTextMessageRequest", await sent(settings, more), "sms")).toEqual([]);
  });

  test("would have found a wrong field, a text that is too long and a time that is", async () => {
    const body = (await sent({})) as object;
    expect(shapeFlaws("SendTextMessageRequest", { ...body, Text: "x" }, "sms")).toHaveLength(1);
    expect(shapeFlaws("SendTextMessageRequest", { ...body, MessageBody: "x".repeat(1601) }, "sms")).toHaveLength(1);
    expect(shapeFlaws("SendTextMessageRequest", { ...body, TimeToLive: 4 }, "sms")).toHaveLength(1);
    expect(shapeFlaws("SendTextMessageRequest", { ...body, Context: { "a b": " x" } }, "sms")).toHaveLength(2);
  });
});

describe("sns, judged by AWS's shapes", () => {
  /** The input that a form of the Query protocol stands for: a map is a list of numbered entries. */
  function inputOf(form: URLSearchParams): Record<string, unknown> {
    const input: Record<string, unknown> = {};
    const attributes: Record<string, Record<string, string>> = {};
    for (const [name, value] of form) {
      const entry = /^MessageAttributes\.entry\.(\d+)\.(Name|Value\.(\w+))$/.exec(name);
      if (entry?.[2] === "Name") continue;
      const key = entry && form.get(`MessageAttributes.entry.${entry[1]}.Name`);
      if (entry?.[3] && key) attributes[key] = { ...attributes[key], [entry[3]]: value };
      else input[name] = value;
    }
    return { ...input, MessageAttributes: attributes };
  }

  test.each([
    ["a name", { from: "ACME" }],
    ["a number", { from: "+15550001111", message_type: "Promotional" }],
    ["no sender", {}],
  ])("fits, sent from %s", async (_, settings) => {
    const account = { connectionId: "con_1", credentials, settings: sns.settings.parse({ region: "eu-west-1", ...settings }) };
    const form = new URLSearchParams(await (await sns.encode(sms, account, context)).text());
    const { Action, Version, ...input } = inputOf(form);
    expect([Action, Version]).toEqual(["Publish", "2010-03-31"]);
    expect(shapeFlaws("PublishInput", input, "sns")).toEqual([]);
    expect(input).toMatchObject({ PhoneNumber: sms.to, Message: sms.text });
    expect(Object.keys(input.MessageAttributes as object)).toContain("AWS.SNS.SMS.SMSType");
  });
});
