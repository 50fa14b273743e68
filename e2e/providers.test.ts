import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, email, isSent, type Message, read, send, sms, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server } from "./harness.ts";
import { startSesMock } from "./mocks/ses.ts";
import { startTwilioMock } from "./mocks/twilio.ts";

/** The first retry comes at most 10 s later; a bell in the local queue may add a second or two. */
const RETRIED_WITHIN_MS = 30_000;
/** A delivery in doubt waits 60 s for the provider's own word. */
const SETTLED_WITHIN_MS = 100_000;

const AWS = { accessKeyId: "AKIAE2ETEST", secretAccessKey: "e2e-secret", region: "eu-west-1" };
const TWILIO = { accountSid: `AC${"0".repeat(32)}`, authToken: "e2e-token" };
const ses = await startSesMock(AWS);
const twilio = await startTwilioMock(TWILIO);
const stateDir = makeStateDir();
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir });
  await connect("email", "ses", {
    credentials: { access_key_id: AWS.accessKeyId, secret_access_key: AWS.secretAccessKey },
    settings: { region: AWS.region, from: "Shop <shop@example.com>", endpoint: ses.url },
  });
  await connect("sms", "twilio", {
    credentials: { account_sid: TWILIO.accountSid, auth_token: TWILIO.authToken },
    settings: { from: "+15005550006", endpoint: twilio.url },
  });
});
afterAll(async () => {
  cleanUp();
  await Promise.all([ses.close(), twilio.close()]);
});

async function connect(channel: string, provider: string, account: object): Promise<void> {
  const body = { channel, provider, name: `Mock ${provider}`, priority: 1, verify: true, ...account };
  const answer = await call(server, "POST", "/v1/connections", body);
  expect(answer).toMatchObject({ status: 201, body: { verification: { ok: true } } });
}

const outcomes = (message: Message | undefined) => message?.deliveries.flatMap((d) => d.attempts.map((a) => a.outcome));
const taken = (to: string) => [...ses.received, ...twilio.received].filter((m) => m.to === to);

async function sent(body: object, ms: number): Promise<Message | undefined> {
  const ids = await send(server, body);
  return (await waitFor(server, ids, isSent, ms))[0];
}

test("an email reaches SES as it was written, signed, with the ids that settle doubts later", async () => {
  const message = await sent(email("Ünïcode & more", "plain@example.com"), 30_000);
  const [mail] = ses.received.filter((m) => m.to === "plain@example.com");
  expect(mail).toMatchObject({ subject: "Ünïcode & more", body: { FromEmailAddress: '"Shop" <shop@example.com>' } });
  expect(mail?.body.Content.Simple?.Body.Text?.Data).toBe("About Ünïcode & more.");
  expect(mail?.tags).toMatchObject({ message_id: message?.id });
  expect(message?.deliveries[0]?.attempts).toMatchObject([{ provider: "ses", outcome: "sent", provider_message_id: mail?.id }]);
  expect(ses.refused).toEqual([]);
});

test("a template reaches Twilio with its variables", async () => {
  const to = [{ channel: "sms", destination: "+447700900200" }];
  const message = await sent({ to, template_id: "order_shipped", variables: { order_id: "12345" } }, 30_000);
  const [text] = twilio.received.filter((m) => m.to === "+447700900200");
  expect(text).toMatchObject({ text: "Your order 12345 is on its way.", form: { From: "+15005550006" } });
  expect(message?.deliveries[0]?.attempts).toMatchObject([
    { provider: "twilio", outcome: "sent", provider_message_id: text?.id },
  ]);
  expect(twilio.refused).toEqual([]);
});

describe("when the provider fails", { concurrent: true }, () => {
  test.each([
    ["is throttled (429)", "too_many_requests", ["throttled", "sent"]],
    ["has a fault of its own (500)", "internal", ["transient", "sent"]],
    ["is down (503)", "unavailable", ["transient", "sent"]],
  ] as const)("SES %s: it is tried again, and sent once", async (_, fail, expected) => {
    const to = `${fail}@example.com`;
    ses.control({ fail, to, times: 1 });
    expect(outcomes(await sent(email("again", to), RETRIED_WITHIN_MS))).toEqual(expected);
    expect(taken(to).map((m) => m.outcome)).toEqual(["failed", "accepted"]);
  });

  test("Twilio throttles (429): it is tried again, and sent once", async () => {
    const to = "+447700900201";
    twilio.control({ fail: { code: 20429, status: 429 }, to, times: 1 });
    expect(outcomes(await sent(sms("again", to), RETRIED_WITHIN_MS))).toEqual(["throttled", "sent"]);
    expect(taken(to).map((m) => m.outcome)).toEqual(["failed", "accepted"]);
  });

  test("SES refuses for good (400): the message fails, once, and waits as a dead letter", async () => {
    const to = "refused@example.com";
    ses.control({ fail: "rejected", to });
    const ids = await send(server, email("no", to));
    const [message] = await waitFor(server, ids, (m) => m.status === "failed", 30_000);
    expect(outcomes(message)).toEqual(["permanent"]);
    expect(taken(to)).toHaveLength(1);
    const letters = await call(server, "GET", "/v1/dead-letters");
    expect(letters.body).toMatchObject({ data: expect.arrayContaining([expect.objectContaining({ message_id: ids[0] })]) });
  });

  test("Twilio knows no such number (21211): the message fails as the recipient's fault", async () => {
    const to = "+447700900202";
    twilio.control({ fail: { code: 21211 }, to });
    const ids = await send(server, sms("no", to));
    const [message] = await waitFor(server, ids, (m) => m.status === "failed", 30_000);
    expect(outcomes(message)).toEqual(["recipient_invalid"]);
  });

  test("the connection drops before an answer: shown as unknown, and sent again after the doubt has passed", async () => {
    const to = "dropped@example.com";
    ses.control({ drop: "before", to, times: 1 });
    const ids = await send(server, email("again", to));
    const [doubtful] = await waitFor(server, ids, (m) => m.deliveries[0]?.phase === "unknown", 30_000);
    expect(outcomes(doubtful)).toEqual(["unknown"]);
    const [message] = await waitFor(server, ids, isSent, SETTLED_WITHIN_MS);
    expect(outcomes(message)).toEqual(["unknown", "sent"]);
    expect(taken(to).map((m) => m.outcome)).toEqual(["dropped", "accepted"]);
  }, 120_000);

  test("the connection drops after the provider took it: at_most_once never sends it again", async () => {
    const to = "once@example.com";
    ses.control({ drop: "after", to, times: 1 });
    const ids = await send(server, { ...email("once", to), delivery: "at_most_once" });
    await waitFor(server, ids, (m) => m.status === "failed", SETTLED_WITHIN_MS);
    expect(taken(to)).toHaveLength(1);
  }, 120_000);
});

test("a connection's secrets never come back, and reach no log", async () => {
  const list = await call(server, "GET", "/v1/connections");
  expect(JSON.stringify(list.body)).not.toContain(AWS.secretAccessKey);
  expect(JSON.stringify(list.body)).not.toContain(TWILIO.authToken);
});

test("connections and what was sent outlive a kill", async () => {
  const before = await sent(email("before", "before@example.com"), 30_000);
  await server.kill();
  server = await launch({ stateDir });
  expect((await read(server, before?.id ?? "")).deliveries).toEqual(before?.deliveries);
  await sent(email("after", "after@example.com"), 30_000);
  expect(taken("before@example.com")).toHaveLength(1);
  expect(taken("after@example.com")).toHaveLength(1);
  expect(taken("once@example.com")).toHaveLength(1); // after more than the minute of doubt
});
