/** The doubles, judged by the providers' own clients; and our providers over a real connection to the doubles. */
import { SESv2Client, SendBulkEmailCommand, SendEmailCommand } from "@aws-sdk/client-sesv2";
import twilioClient from "twilio";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Envelope } from "../../src/shared/core/message.ts";
import { ses } from "../../src/shared/providers/email/ses.ts";
import type { Account, HttpProvider } from "../../src/shared/providers/provider.ts";
import { twilio } from "../../src/shared/providers/sms/twilio.ts";
import { shapeFlaws } from "../../src/shared/testing/aws-shapes.ts";
import table from "../../src/shared/testing/specs/error-classification.json" with { type: "json" };
import { errorFlaws, messageFlaws } from "../../src/shared/testing/twilio-spec.ts";
import { SES_FAILURES, startSesMock } from "./ses.ts";
import { startTwilioMock } from "./twilio.ts";

const aws = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", region: "eu-west-1" };
const tw = { accountSid: "AC0123456789abcdef0123456789abcdef", authToken: "token" };
const base = { attemptId: "att_01M7WXHTZH0000004NNR5APDB90001", messageId: "msg_01M7WXHTZH0000004NNR5APDB9", tags: [] };
const email: Envelope = { ...base, channel: "email", to: "ada@customer.example", subject: "Grüße", text: "Hi", attachments: [] };
const sms: Envelope = { ...base, channel: "sms", to: "+447700900123", text: "Grüße 📦" };

let sesMock: Awaited<ReturnType<typeof startSesMock>>;
let twilioMock: Awaited<ReturnType<typeof startTwilioMock>>;

beforeAll(async () => {
  [sesMock, twilioMock] = await Promise.all([startSesMock(aws), startTwilioMock(tw)]);
});
afterAll(() => Promise.all([sesMock.close(), twilioMock.close()]));
afterEach(() => {
  sesMock.control(null);
  sesMock.steer(null);
  twilioMock.control(null);
});

const sesAccount = (over: object = {}): Account => ({
  connectionId: "con_1",
  credentials: { access_key_id: aws.accessKeyId, secret_access_key: aws.secretAccessKey, ...over },
  settings: { region: aws.region, from: "Acme <no-reply@acme.example>", endpoint: sesMock.url },
});
const twilioAccount = (over: object = {}): Account => ({
  connectionId: "con_1",
  credentials: { account_sid: tw.accountSid, auth_token: tw.authToken, ...over },
  settings: { from: "+15550001111", endpoint: twilioMock.url },
});

async function fetched(request: Request) {
  const response = await fetch(request);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function send(provider: HttpProvider, account: Account, envelope: Envelope) {
  const context = {
    now: Date.now(),
    callbackUrl: "https://carillon.test/hooks/sms/twilio/con_1/att_1",
    idempotencyKey: "k",
    session: null,
  };
  return provider.decode(await fetched(await provider.encode(envelope, account, context)));
}

async function probe(provider: HttpProvider, account: Account) {
  const request = await provider.probe.encode(account, { now: Date.now(), session: null });
  return provider.probe.decode(await fetched(request));
}

describe("the double of SES", () => {
  test("takes a mail from AWS's own client, and answers as its shapes say", async () => {
    const client = new SESv2Client({ region: aws.region, endpoint: sesMock.url, credentials: aws, maxAttempts: 1 });
    const answer = await client.send(
      new SendEmailCommand({
        FromEmailAddress: "no-reply@acme.example",
        Destination: { ToAddresses: ["sdk@customer.example"] },
        Content: { Simple: { Subject: { Data: "Hello" }, Body: { Text: { Data: "Hi" } } } },
      }),
    );
    expect(sesMock.received.at(-1)).toMatchObject({ to: "sdk@customer.example", id: answer.MessageId, outcome: "accepted" });
    const account = await fetched(await ses.probe.encode(sesAccount(), { now: Date.now(), session: null }));
    expect(shapeFlaws("GetAccountResponse", JSON.parse(account.body))).toEqual([]);
    client.destroy();
  });

  test("takes a mail from us, once, with the attempt's id in its tags", async () => {
    const receipt = await send(ses, sesAccount(), email);
    const message = sesMock.received.at(-1);
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: message?.id });
    expect(message).toMatchObject({
      to: email.to,
      subject: "Grüße",
      tags: { attempt_id: base.attemptId, message_id: base.messageId },
    });
    expect(await probe(ses, sesAccount())).toMatchObject({ ok: true });
  });

  test("refuses a wrong key, a wrong secret, a wrong region, an old signature and a changed body", async () => {
    const before = sesMock.received.length;
    expect(await send(ses, sesAccount({ access_key_id: "AKIDOTHER" }), email)).toMatchObject({
      code: "UnrecognizedClientException",
    });
    expect(await send(ses, sesAccount({ secret_access_key: "other" }), email)).toMatchObject({
      code: "InvalidSignatureException",
    });
    const account = sesAccount();
    const elsewhere = { ...account, settings: { ...(account.settings as object), region: "us-east-1" } };
    expect(await send(ses, elsewhere, email)).toMatchObject({ outcome: "misconfigured" });
    const old = await ses.encode(email, account, {
      now: Date.now() - 3_600_000,
      callbackUrl: null,
      idempotencyKey: "k",
      session: null,
    });
    expect(ses.decode(await fetched(old))).toMatchObject({ code: "InvalidSignatureException" });
    const fresh = await ses.encode(email, account, { now: Date.now(), callbackUrl: null, idempotencyKey: "k", session: null });
    const changed = new Request(fresh.url, {
      method: "POST",
      headers: fresh.headers,
      body: (await fresh.text()).replace("ada@", "eve@"),
    });
    expect(ses.decode(await fetched(changed))).toMatchObject({ code: "InvalidSignatureException" });
    expect(sesMock.received).toHaveLength(before);
  });

  test("refuses what is not a mail", async () => {
    const account = sesAccount();
    for (const bad of [
      { ...email, to: "nobody" },
      { ...email, text: undefined },
      { ...email, headers: { "X-Long": "x".repeat(1000) } },
    ]) {
      expect(await send(ses, account, bad)).toMatchObject({ outcome: "permanent", code: "BadRequestException" });
    }
    expect(sesMock.refused.at(-1)?.why).toContain("longer than 995");
  });

  test.each(Object.keys(SES_FAILURES) as (keyof typeof SES_FAILURES)[])(
    "fails with %s when it is told to, and takes nothing",
    async (fail) => {
      sesMock.control({ fail, times: 1 });
      expect(await send(ses, sesAccount(), email)).toMatchObject({ code: SES_FAILURES[fail][1] });
      expect(sesMock.received.at(-1)?.outcome).toBe("failed");
      expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "sent" });
    },
  );

  test("can fail with every error that the published table names for a single send", () => {
    const names = table.ses.rows.flatMap((row) =>
      row.match.startsWith("bulk") ? [] : (row.match.match(/[A-Z]\w+[a-z](?=\b)/g) ?? []),
    );
    const errors = names.filter((name) => /(Exception|Rejected|Signature|Match|Token|Failure|Unavailable|Timeout)$/.test(name));
    const told = new Set<string>(Object.values(SES_FAILURES).map(([, type]) => type));
    expect(errors.length).toBeGreaterThan(15);
    expect(errors.filter((name) => !told.has(name))).toEqual([]);
  });

  test("hangs up before or after it took the mail, for the recipient it is told", async () => {
    sesMock.control({ drop: "before", to: email.to, times: 1 });
    await expect(send(ses, sesAccount(), email)).rejects.toThrow();
    expect(sesMock.received.at(-1)?.outcome).toBe("dropped");
    sesMock.control({ drop: "after", to: email.to, times: 1 });
    await expect(send(ses, sesAccount(), email)).rejects.toThrow();
    expect(sesMock.received.at(-1)?.outcome).toBe("accepted");
    sesMock.control({ fail: "internal", to: "other@customer.example" });
    expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "sent" });
  });

  test("takes many mails in one call, from AWS's own client and from us, and can take some of them only", async () => {
    const client = new SESv2Client({ region: aws.region, endpoint: sesMock.url, credentials: aws, maxAttempts: 1 });
    const answer = await client.send(
      new SendBulkEmailCommand({
        FromEmailAddress: "no-reply@acme.example",
        DefaultContent: { Template: { TemplateContent: { Subject: "For {{who}}", Text: "Hi" }, TemplateData: "{}" } },
        BulkEmailEntries: ["ada", "eve"].map((who) => ({
          Destination: { ToAddresses: [`${who}@customer.example`] },
          ReplacementEmailContent: { ReplacementTemplate: { ReplacementTemplateData: JSON.stringify({ who }) } },
        })),
      }),
    );
    client.destroy();
    expect(sesMock.received.slice(-2).map(({ to, subject, id, outcome }) => [to, subject, id, outcome])).toEqual(
      answer.BulkEmailEntryResults?.map(({ MessageId }, i) => {
        const who = i === 0 ? "ada" : "eve";
        return [`${who}@customer.example`, `For ${who}`, MessageId, "accepted"];
      }),
    );

    const to = ["b0@customer.example", "b1@customer.example", "b2@customer.example"];
    const ours = to.map((one, i) => ({ ...email, to: one, messageId: `${base.messageId.slice(0, -1)}${i}` }));
    sesMock.control({ fail: "internal", to: to[1] ?? "" });
    const bulk = ses.bulk;
    if (bulk === undefined) throw new Error("SES takes many mails in one call");
    const request = await bulk.encode(ours, sesAccount(), {
      now: Date.now(),
      callbackUrl: null,
      idempotencyKey: "k",
      session: null,
    });
    const receipts = bulk.decode(await fetched(request), ours.length);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(["sent", "transient", "sent"]);
    expect(sesMock.received.slice(-3).map(({ tags, outcome }) => [tags.message_id, outcome])).toEqual(
      ours.map(({ messageId }, i) => [messageId, i === 1 ? "failed" : "accepted"]),
    );
  });

  test("answers what nobody understands, with or without the mail, when it is told to", async () => {
    for (const [garbage, outcome] of [
      ["before", "dropped"],
      ["after", "accepted"],
    ] as const) {
      sesMock.control({ garbage, times: 1 });
      expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "unknown", code: "no_message_id" });
      expect(sesMock.received.at(-1)?.outcome).toBe(outcome);
    }
  });

  test("never answers, with or without the mail, when it is told to", async () => {
    for (const [hang, outcome] of [
      ["before", "dropped"],
      ["after", "accepted"],
    ] as const) {
      sesMock.control({ hang, times: 1 });
      const calls = sesMock.received.length;
      const answered = send(ses, sesAccount(), email).then(
        () => true,
        () => true,
      );
      await expect.poll(() => sesMock.received.length).toBe(calls + 1);
      expect(sesMock.received.at(-1)?.outcome).toBe(outcome);
      expect(await Promise.race([answered, new Promise((done) => setTimeout(done, 100))])).toBeUndefined();
    }
  });

  test("asks what to do where it is told nothing", async () => {
    const next = [{ fail: "internal" }, {}] as const;
    let calls = 0;
    sesMock.steer(() => next[calls++] ?? {});
    expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "transient" });
    expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "sent" });
    sesMock.control({ fail: "rejected", times: 1 });
    expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "permanent" });
    expect(calls).toBe(2);
  });

  test("answers late when it is told to", async () => {
    sesMock.control({ delayMs: 150, times: 1 });
    const before = performance.now();
    expect(await send(ses, sesAccount(), email)).toMatchObject({ outcome: "sent" });
    expect(performance.now() - before).toBeGreaterThan(140);
  });
});

describe("the double of Twilio", () => {
  const raw = (form: string) =>
    fetched(
      new Request(`${twilioMock.url}/2010-04-01/Accounts/${tw.accountSid}/Messages.json`, {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`${tw.accountSid}:${tw.authToken}`)}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: form,
      }),
    );

  test("takes a message from Twilio's own client, and answers as its document says", async () => {
    const httpClient = {
      async request<T>(options: { uri?: string; data?: Record<string, string>; username?: string; password?: string }) {
        const { statusCode, body } = await raw(new URLSearchParams(options.data).toString()).then((a) => ({
          statusCode: a.status,
          body: JSON.parse(a.body) as T,
        }));
        return { statusCode, body, toString: () => "" };
      },
    };
    const client = twilioClient(tw.accountSid, tw.authToken, { httpClient: httpClient as never });
    const message = await client.messages.create({ to: "+447700900124", from: "+15550001111", body: "Hi" });
    expect(twilioMock.received.at(-1)).toMatchObject({ to: "+447700900124", id: message.sid, text: "Hi", outcome: "accepted" });
    expect(message.status).toBe("queued");
    expect(messageFlaws(JSON.parse((await raw("To=%2B447700900123&From=Acme&Body=x")).body))).toEqual([]);
    const error = await raw("To=%2B447700900123");
    expect(errorFlaws(JSON.parse(error.body))).toEqual([]);
  });

  test("takes a message from us, once, with the callback of the attempt", async () => {
    const receipt = await send(twilio, twilioAccount(), sms);
    const message = twilioMock.received.at(-1);
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: message?.id });
    expect(message).toMatchObject({
      to: sms.to,
      text: "Grüße 📦",
      callbackUrl: "https://carillon.test/hooks/sms/twilio/con_1/att_1",
    });
    expect(await probe(twilio, twilioAccount())).toMatchObject({ ok: true });
  });

  test("refuses a wrong token, and another account", async () => {
    expect(await send(twilio, twilioAccount({ auth_token: "other" }), sms)).toMatchObject({
      outcome: "misconfigured",
      code: "20003",
    });
    const account_sid = "AC00000000000000000000000000000000";
    expect(await send(twilio, twilioAccount({ account_sid }), sms)).toMatchObject({ outcome: "misconfigured", code: "20003" });
    expect(await probe(twilio, twilioAccount({ auth_token: "other" }))).toMatchObject({ ok: false, code: "20003" });
  });

  test.each([
    ["", 21604],
    ["To=12345&From=Acme&Body=x", 21211],
    ["To=%2B447700900123&Body=x", 21603],
    ["To=%2B447700900123&From=Acme", 21602],
    [`To=%2B447700900123&From=Acme&Body=${"x".repeat(1601)}`, 21617],
    ["To=%2B447700900123&From=Acme&Body=x&ValidityPeriod=0", 20001],
    ["To=%2B447700900123&From=Acme&Body=x&Text=y", 20001],
  ])("refuses %.60s with %i", async (form, code) => {
    expect(twilio.decode(await raw(form))).toMatchObject({ code: String(code) });
  });

  test.each([
    [{ code: 20429, status: 429 }, "throttled"],
    [{ code: 21610 }, "recipient_invalid"],
    [{ code: 21408 }, "misconfigured"],
    [{ code: 20500, status: 500 }, "unknown"],
    [{ status: 503, body: "<html>" }, "unknown"],
  ])("fails with %j when it is told to, and takes nothing", async (fail, outcome) => {
    twilioMock.control({ fail, times: 1 });
    expect(await send(twilio, twilioAccount(), sms)).toMatchObject({ outcome });
    expect(twilioMock.received.at(-1)?.outcome).toBe("failed");
  });

  test("hangs up after it took the message when it is told to", async () => {
    twilioMock.control({ drop: "after", times: 1 });
    await expect(send(twilio, twilioAccount(), sms)).rejects.toThrow();
    expect(twilioMock.received.at(-1)?.outcome).toBe("accepted");
  });
});
