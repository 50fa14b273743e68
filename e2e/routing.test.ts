/** Routing policies through the whole product: two accounts on each channel, and rules that choose between them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RuleThen, ruleOf } from "../src/shared/core/routing-rule.ts";
import { call, email, isSent, type Message, send, sms, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server } from "./harness.ts";
import { startSesMock } from "./mocks/ses.ts";
import { startTwilioMock } from "./mocks/twilio.ts";

const WITHIN_MS = 20_000;
const AWS = { accessKeyId: "AKIAE2ETEST", secretAccessKey: "e2e-secret", region: "eu-west-1" };
const TWILIO = { accountSid: `AC${"0".repeat(32)}`, authToken: "e2e-token" };
const [mailA, mailB] = await Promise.all([startSesMock(AWS), startSesMock(AWS)]);
const [textA, textB] = await Promise.all([startTwilioMock(TWILIO), startTwilioMock(TWILIO)]);
const doubles = [mailA, mailB, textA, textB];
let server: Server;
let policyId: string;

beforeAll(async () => {
  server = await launch({ stateDir: makeStateDir() });
  const byMail = (endpoint: string) => ({
    credentials: { access_key_id: AWS.accessKeyId, secret_access_key: AWS.secretAccessKey },
    settings: { region: AWS.region, from: "Shop <shop@example.com>", endpoint },
  });
  const byText = (endpoint: string, by_country: object) => ({
    credentials: { account_sid: TWILIO.accountSid, auth_token: TWILIO.authToken },
    settings: { from: "+15005550006", endpoint },
    prices: { per: "part", by_country },
  });
  const a = await connect("email", "ses", 1, byMail(mailA.url));
  const b = await connect("email", "ses", 2, byMail(mailB.url));
  await connect("sms", "twilio", 1, byText(textA.url, { US: 0.01, GB: 0.05 }));
  await connect("sms", "twilio", 2, byText(textB.url, { US: 0.02, GB: 0.04 }));
  const byCategory: Record<string, RuleThen> = {
    cheap: { strategy: "cheapest" },
    otp: { strategy: "most_reliable" },
    news: { strategy: "priority", canary: { connection_id: b, percent: 50 } },
    capped: { caps: [{ connection_id: a, per_day: 3 }] },
  };
  const rules = Object.entries(byCategory).map(([category, then]) => ruleOf({ category: [category] }, then, category));
  policyId = String((await created("/v1/routing-policies", { name: "By category", rules })).id);
});
afterAll(async () => {
  cleanUp();
  await Promise.all(doubles.map((double) => double.close()));
});

async function created(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await call(server, "POST", path, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as Record<string, unknown>;
}

async function connect(channel: string, provider: string, priority: number, account: object): Promise<string> {
  return String(
    (await created("/v1/connections", { channel, provider, name: `${provider} ${priority}`, priority, ...account })).id,
  );
}

async function sent(body: object, category: string): Promise<readonly Message[]> {
  return waitFor(server, await send(server, { ...body, category }), isSent, WITHIN_MS);
}

/** Whose account took it. */
function takenBy(to: string): string[] {
  const byA = [...mailA.received, ...textA.received].map((m) => ({ ...m, name: "a" }));
  const byB = [...mailB.received, ...textB.received].map((m) => ({ ...m, name: "b" }));
  return [...byA, ...byB].flatMap((m) => (m.to === to && m.outcome === "accepted" ? [m.name] : []));
}

test("a text goes by the account that is cheapest for its country, and the message says so", async () => {
  const [message] = await sent(sms("hello", "+447700900300"), "cheap");
  await sent(sms("hello", "+12025550123"), "cheap");
  expect([takenBy("+447700900300"), takenBy("+12025550123")]).toEqual([["b"], ["a"]]);
  expect(message?.deliveries[0]?.attempts[0]).toMatchObject({
    outcome: "sent",
    route: { policy_id: policyId, rule: 0, strategy: "cheapest", cost_micros: 40_000, why: expect.stringContaining("$0.04") },
  });
});

test("the most reliable account is another one as soon as one fails", async () => {
  await sent(email("first", "otp1@example.com"), "otp");
  mailA.control({ fail: "unavailable", to: "otp2@example.com", times: 1 });
  await sent(email("second", "otp2@example.com"), "otp");
  const [message] = await sent(email("third", "otp3@example.com"), "otp");
  expect(["otp1@example.com", "otp2@example.com", "otp3@example.com"].map(takenBy)).toEqual([["a"], ["b"], ["b"]]);
  expect(message?.deliveries[0]?.attempts).toHaveLength(1);
});

test("a canary takes its share of people, and the same ones each time", async () => {
  const people = Array.from({ length: 40 }, (_, i) => `news${i}@example.com`);
  const body = { ...email("news"), to: people.map((destination) => ({ channel: "email", destination })) };
  await sent(body, "news");
  await sent(body, "news");
  const split = people.map(takenBy);
  for (const twice of split) expect(["a,a", "b,b"]).toContain(twice.join());
  const share = split.filter(([first]) => first === "b").length;
  expect(share).toBeGreaterThan(5);
  expect(share).toBeLessThan(35);
});

test("a cap is filled and not passed, and the rest goes over the next account", async () => {
  const people = Array.from({ length: 8 }, (_, i) => `capped${i}@example.com`);
  await sent({ ...email("capped"), to: people.map((destination) => ({ channel: "email", destination })) }, "capped");
  const taken = people.flatMap(takenBy);
  expect([taken.filter((name) => name === "a").length, taken.length]).toEqual([3, 8]);
  expect(doubles.flatMap((double) => double.refused)).toEqual([]);
});
