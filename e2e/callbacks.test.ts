/** What providers say, from their own signed callbacks to a message's status and to whom nobody writes again. */
import twilioLibrary from "twilio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, email, isSent, type Message, read, send, sms, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server, until } from "./harness.ts";
import { startCustomer } from "./mocks/customer.ts";
import { startSesMock } from "./mocks/ses.ts";
import { startSnsDouble } from "./mocks/sns.ts";
import { startTwilioMock } from "./mocks/twilio.ts";

const { getExpectedTwilioSignature } = twilioLibrary;
const WITHIN_MS = 20_000;
/** A delivery in doubt waits 60 s for the provider's own word. */
const DOUBT_MS = 100_000;

const AWS = { accessKeyId: "AKIAE2ETEST", secretAccessKey: "e2e-secret", region: "eu-west-1" };
const TWILIO = { accountSid: `AC${"0".repeat(32)}`, authToken: "e2e-token" };
const [customer, ses, twilio, sns] = await Promise.all([
  startCustomer(),
  startSesMock(AWS),
  startTwilioMock(TWILIO),
  startSnsDouble("arn:aws:sns:eu-west-1:123456789012:ses"),
]);
let server: Server;
let sesHook: string;
let twilioHook: string;

beforeAll(async () => {
  server = await launch({ stateDir: makeStateDir(), env: { SNS_CERT_ORIGIN: sns.url } });
  sesHook = await connect("email", "ses", {
    credentials: { access_key_id: AWS.accessKeyId, secret_access_key: AWS.secretAccessKey },
    settings: { region: AWS.region, from: "Shop <shop@example.com>", endpoint: ses.url },
    callback_verification: { topic_arn: sns.arn },
  });
  twilioHook = await connect("sms", "twilio", {
    credentials: { account_sid: TWILIO.accountSid, auth_token: TWILIO.authToken },
    settings: { from: "+15005550006", endpoint: twilio.url },
    callback_verification: { auth_token: TWILIO.authToken },
  });
  const webhook = await call(server, "POST", "/v1/webhooks", { url: `${customer.url}/told`, events: ["message.*"] });
  customer.trust("/told", (webhook.body as { secret: string }).secret);
});
afterAll(async () => {
  cleanUp();
  await Promise.all([customer.close(), ses.close(), twilio.close(), sns.close()]);
});

/** Answers where the provider's callbacks go. */
async function connect(channel: string, provider: string, account: object): Promise<string> {
  const answer = await call(server, "POST", "/v1/connections", { channel, provider, name: provider, priority: 1, ...account });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return String((answer.body as { callback_url: string }).callback_url);
}

const mailTo = (to: string) => ses.received.find((mail) => mail.to === to && mail.outcome === "accepted");
const timestamp = () => new Date().toISOString();

/** What SES says of the mail that it took last for this address. */
function saidOf(to: string, eventType: string, fields: object) {
  const taken = mailTo(to);
  const tags = Object.fromEntries(Object.entries(taken?.tags ?? {}).map(([name, value]) => [name, [value]]));
  return { eventType, mail: { messageId: taken?.id, timestamp: timestamp(), destination: [to], tags }, ...fields };
}
const delivered = (to: string) => saidOf(to, "Delivery", { delivery: { timestamp: timestamp(), recipients: [to] } });
const bounced = (to: string, bounceType = "Permanent") =>
  saidOf(to, "Bounce", {
    bounce: { bounceType, bounceSubType: "General", timestamp: timestamp(), bouncedRecipients: [{ emailAddress: to }] },
  });
const complained = (to: string) =>
  saidOf(to, "Complaint", { complaint: { timestamp: timestamp(), complainedRecipients: [{ emailAddress: to }] } });

async function sent(body: object): Promise<Message> {
  const [message] = await waitFor(server, await send(server, body), isSent, WITHIN_MS);
  if (!message) throw new Error("no message");
  return message;
}
const becomes = async (id: string, status: string) => (await waitFor(server, [id], (m) => m.status === status, WITHIN_MS))[0];
const typesOf = (message: Message | undefined) => message?.events.map(({ type }) => type);
const suppression = (channel: string, destination: string) =>
  call(server, "GET", `/v1/suppressions/${channel}/${encodeURIComponent(destination)}`);

test("SNS's subscription is confirmed, at the address that the connection shows", async () => {
  expect(await sns.subscribe(sesHook)).toBe(200);
  expect(sns.confirmed).toEqual([expect.stringContaining(sns.arn)]);
});

test("a delivery that SES tells of is shown as delivered, once, though it is told ten times and late ones come before", async () => {
  const to = "delivered@example.com";
  const { id } = await sent(email("Hi", to));
  const message = await sns.signed(delivered(to));
  const answers = await Promise.all([
    sns.publish(sesHook, saidOf(to, "Open", { open: { timestamp: timestamp() } })),
    ...Array.from({ length: 10 }, () => sns.post(sesHook, message)),
  ]);
  expect(new Set(answers)).toEqual(new Set([200]));
  await becomes(id, "delivered");
  const settled = await waitFor(server, [id], (m) => m.events.length >= 5, WITHIN_MS);
  expect(typesOf(settled[0])?.toSorted()).toEqual(["attempted", "delivered", "opened", "queued", "sent"]);
});

test.each([
  ["bounces for good", bounced, "failed", "bounced", "bounce"],
  ["complains", complained, "sent", "complained", "complaint"],
] as const)(
  "whoever %s is told of, is put on the list, and is not written to again",
  async (what, event, status, type, reason) => {
    const to = `${what.split(" ")[0]}@example.com`;
    const { id } = await sent(email("Hi", to));
    expect(await sns.publish(sesHook, event(to))).toBe(200);
    expect((await suppression("email", to)).body).toMatchObject({ reason, source: "provider:ses", message_id: id });
    const [told] = await waitFor(server, [id], (m) => typesOf(m)?.includes(type) === true, WITHIN_MS);
    expect(told?.status).toBe(status);

    const [again = ""] = await send(server, email("Again", to));
    expect(await becomes(again, "suppressed")).toMatchObject({ events: [{}, { type: "suppressed", code: reason }] });
    expect(ses.received.filter((mail) => mail.to === to)).toHaveLength(1);

    // And the customer's own system hears of both, by posts that it can verify.
    const heard = (of: string) => customer.events.filter(({ data }) => data.message_id === of).map((event) => event.type);
    await until(
      () => (heard(id).includes(`message.${type}`) && heard(again).includes("message.suppressed") ? true : undefined),
      WITHIN_MS,
    );
    expect(customer.forged).toEqual([]);

    expect((await call(server, "DELETE", `/v1/suppressions/email/${to}`)).status).toBe(204);
    await sent(email("After all", to));
  },
);

test("what bounces for now speaks against nobody", async () => {
  const to = "soft@example.com";
  const { id } = await sent(email("Hi", to));
  await sns.publish(sesHook, bounced(to, "Transient"));
  await becomes(id, "failed");
  expect((await suppression("email", to)).status).toBe(404);
});

test("what SNS did not sign, or signed for another topic, is refused and changes nothing", async () => {
  const to = "forged@example.com";
  const { id } = await sent(email("Hi", to));
  const genuine = await sns.signed(bounced(to));
  const forgeries = [
    { ...genuine, Message: JSON.stringify(complained(to)) },
    { ...genuine, Signature: btoa("me") },
    { ...genuine, TopicArn: `${sns.arn}x` },
    {},
  ];
  for (const forgery of forgeries) expect(await sns.post(sesHook, forgery as Record<string, string>)).toBe(401);
  expect(await sns.post(sesHook.replace(/con_.*/, `con_${"0".repeat(26)}`), genuine)).toBe(404);
  expect(typesOf(await read(server, id))).toEqual(["queued", "attempted", "sent"]);
  expect((await suppression("email", to)).status).toBe(404);
  const notices = await call(server, "GET", "/v1/notices?type=callbacks.forged");
  expect(notices.body).toMatchObject({ data: [{ details: { provider: "ses" } }] });
});

test("STOP keeps a number from being written to, and START lets it again", async () => {
  const to = "+447700900300";
  await sent(sms("Hi", to));
  const says = async (text: string) => {
    const form = { MessageSid: `SM${text}`, SmsSid: `SM${text}`, From: to, To: "+15005550006", Body: text };
    const signature = getExpectedTwilioSignature(TWILIO.authToken, twilioHook, form);
    const headers = { "x-twilio-signature": signature };
    const answer = await fetch(twilioHook, { method: "POST", headers, body: new URLSearchParams(form) });
    return answer.status;
  };
  expect(await says("Stop.")).toBe(200);
  expect((await suppression("sms", to)).body).toMatchObject({ reason: "unsubscribe", source: "provider:twilio" });
  const [held = ""] = await send(server, sms("Again", to));
  await becomes(held, "suppressed");
  expect(await says("START")).toBe(200);
  await sent(sms("After all", to));
  expect(twilio.received.filter((text) => text.to === to).map(({ text }) => text)).toEqual(["Hi", "After all"]);
});

test("a number that Twilio knows not to exist is asked for once", async () => {
  const to = "+447700900301";
  twilio.control({ fail: { code: 21211 }, to });
  const [first = ""] = await send(server, sms("Hi", to));
  await becomes(first, "failed");
  expect((await suppression("sms", to)).body).toMatchObject({ reason: "invalid", source: "provider:twilio", message_id: first });
  const [second = ""] = await send(server, sms("Hi", to));
  await becomes(second, "suppressed");
  expect(twilio.received.filter((text) => text.to === to)).toHaveLength(1);
});

test("one click unsubscribes from marketing, and looking at the page does not", async () => {
  const to = "reader@example.com";
  await sent({ ...email("News", to), category: "marketing" });
  const headers = new Map(mailTo(to)?.body.Content.Simple?.Headers?.map(({ Name, Value }) => [Name, Value]));
  expect(headers.get("List-Unsubscribe-Post")).toBe("List-Unsubscribe=One-Click");
  const url = headers.get("List-Unsubscribe")?.slice(1, -1) ?? "";
  const page = await fetch(url);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("Unsubscribe</button>")]);
  expect((await suppression("email", to)).status).toBe(404);
  expect((await fetch(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) })).status).toBe(200);
  expect((await suppression("email", to)).body).toMatchObject({ reason: "unsubscribe", source: "link" });
  const [next = ""] = await send(server, { ...email("More news", to), category: "marketing" });
  await becomes(next, "suppressed");
  await sent({ ...email("Your code", to), priority: "critical" });
});

describe("a send in doubt", { concurrent: true }, () => {
  test(
    "is settled by what SES itself says, and not sent again",
    async () => {
      const to = "doubt@example.com";
      ses.control({ drop: "after", to, times: 1 });
      const ids = await send(server, email("Hi", to));
      await waitFor(server, ids, (m) => m.deliveries[0]?.phase === "unknown", WITHIN_MS);
      expect(await sns.publish(sesHook, saidOf(to, "Send", {}))).toBe(200);
      await waitFor(server, ids, (m) => m.status === "sent" && m.deliveries[0]?.phase === "sent", WITHIN_MS);
      // The wait for the provider's word is over when another one, of which nobody spoke, is sent again.
      const other = "unspoken@example.com";
      ses.control({ drop: "before", to: other, times: 1 });
      await waitFor(server, await send(server, email("Hi", other)), isSent, DOUBT_MS);
      expect(ses.received.filter((mail) => mail.to === to)).toHaveLength(1);
    },
    DOUBT_MS + 60_000,
  );
});
