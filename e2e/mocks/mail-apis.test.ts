/** Our providers of mail over a real connection to their doubles. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { mailgun } from "../../src/shared/providers/email/mailgun.ts";
import { postmark } from "../../src/shared/providers/email/postmark.ts";
import { resend } from "../../src/shared/providers/email/resend.ts";
import { sendgrid } from "../../src/shared/providers/email/sendgrid.ts";
import type { HttpProvider } from "../../src/shared/providers/provider.ts";
import { mails } from "../../src/shared/testing/mails.ts";
import { startMailgunMock, startPostmarkMock, startResendMock } from "./mail-apis.ts";
import { SENDGRID_FAILURES, startSendGridMock } from "./sendgrid.ts";

const from = "Acme <no-reply@acme.example>";
const doubles = {
  sendgrid: await startSendGridMock({ apiKey: "SG.key" }),
  mailgun: await startMailgunMock({ apiKey: "key-1", domain: "mg.acme.example" }),
  postmark: await startPostmarkMock({ serverToken: "token-1" }),
  resend: await startResendMock({ apiKey: "re_1" }),
};
const setups = [
  [sendgrid, doubles.sendgrid, { api_key: "SG.key" }, {}],
  [mailgun, doubles.mailgun, { api_key: "key-1" }, { domain: "mg.acme.example" }],
  [postmark, doubles.postmark, { server_token: "token-1" }, {}],
  [resend, doubles.resend, { api_key: "re_1" }, {}],
] as const;

afterAll(() => Promise.all(Object.values(doubles).map((double) => double.close())));
afterEach(() => {
  for (const double of Object.values(doubles)) double.control(null);
});

async function fetched(request: Request) {
  const response = await fetch(request);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

let n = 0;
async function send(provider: HttpProvider, account: object, mail: (typeof mails)[keyof typeof mails], key = `key-${++n}`) {
  const context = { now: Date.now(), callbackUrl: null, idempotencyKey: key, session: null };
  const whole = { connectionId: "con_1", credentials: {}, settings: {}, ...account };
  return provider.decode(await fetched(await provider.encode(mail, whole, context)));
}

describe.each(setups)("the double of $id", (provider, double, credentials, settings) => {
  const account = { credentials, settings: { from, endpoint: double.url, ...settings } };
  const wrong = { ...account, credentials: { [Object.keys(credentials)[0] ?? ""]: "other" } };

  test.each(Object.entries(mails))("takes a mail from us, once, with the attempt's id: %s", async (_, mail) => {
    const before = double.received.length;
    const receipt = await send(provider, account, mail);
    const [message] = double.received.slice(before);
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: message?.id.replace(/^<|>$/g, "") });
    expect(message).toMatchObject({ to: mail.to, subject: mail.subject, outcome: "accepted" });
    expect(JSON.stringify(message)).toContain(mail.attemptId);
    expect(double.refused).toEqual([]);
  });

  test("knows whether the key is right", async () => {
    const probe = async (given: object) => {
      const whole = { connectionId: "con_1", credentials: {}, settings: {}, ...given };
      return provider.probe.decode(await fetched(await provider.probe.encode(whole, { now: Date.now(), session: null })));
    };
    expect(await probe(account)).toMatchObject({ ok: true });
    expect(await probe(wrong)).toMatchObject({ ok: false });
    expect(await send(provider, wrong, mails.plain)).toMatchObject({ outcome: "misconfigured" });
  });

  test("refuses what is not a mail", async () => {
    const bad = { ...mails.plain, to: "nobody" } as unknown as typeof mails.plain;
    expect((await send(provider, account, bad)).outcome).toMatch(/permanent|recipient_invalid/);
    expect(double.refused.length).toBeGreaterThan(0);
  });

  test("fails, hangs up and says nothing when it is told to", async () => {
    double.control({ fail: { status: 503, body: "<html>" }, times: 1 });
    expect(await send(provider, account, mails.plain)).toMatchObject({ outcome: provider.idempotent ? "transient" : "unknown" });
    double.control({ drop: "after", times: 1 });
    await expect(send(provider, account, mails.plain)).rejects.toThrow();
    expect(double.received.at(-1)?.outcome).toBe("accepted");
  });
});

test.each(Object.entries(SENDGRID_FAILURES))(
  "the double of sendgrid fails with %s when it is told to",
  async (name, [status]) => {
    doubles.sendgrid.control({ fail: name as keyof typeof SENDGRID_FAILURES, times: 1 });
    const account = { credentials: { api_key: "SG.key" }, settings: { from, endpoint: doubles.sendgrid.url } };
    const receipt = await send(sendgrid, account, mails.plain);
    expect(receipt).toMatchObject({ code: `http_${status}` });
    if (receipt.outcome === "throttled") expect(receipt.retryAfterMs).toBeLessThanOrEqual(3000);
  },
);

test("the double of sendgrid signs events that we believe", async () => {
  const { publicKey, signed } = doubles.sendgrid;
  const { headers, body } = signed([{ event: "delivered", sg_event_id: "1", timestamp: 1_795_176_000 }]);
  const callback = {
    method: "POST",
    url: new URL("https://carillon.test/"),
    headers: new Headers(headers),
    body: new TextEncoder().encode(body),
  };
  const context = { now: Date.now(), certificate: () => Promise.reject(new Error("none")) };
  expect(await sendgrid.callbacks?.read(callback, { public_key: publicKey }, context)).toMatchObject({ kind: "signals" });
});

test("the double of resend sends once under one key, and refuses another mail under it", async () => {
  const account = { credentials: { api_key: "re_1" }, settings: { from, endpoint: doubles.resend.url } };
  const before = doubles.resend.received.length;
  const [one, two] = [await send(resend, account, mails.plain, "same"), await send(resend, account, mails.plain, "same")];
  expect(two).toEqual(one);
  expect(doubles.resend.received).toHaveLength(before + 1);
  expect(await send(resend, account, mails.rich, "same")).toMatchObject({
    outcome: "permanent",
    code: "invalid_idempotent_request",
  });
});
