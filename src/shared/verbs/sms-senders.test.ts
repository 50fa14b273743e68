/** Which connection carries an SMS to which country, and under which sender. */
import { expect, test } from "vitest";
import type { Carried } from "../ports/carrier.ts";
import { stage, submission } from "../testing/stage.ts";
import { plan } from "./plan.ts";

interface Sent {
  readonly host: string;
  readonly from: string;
  readonly to: string;
}

const SID = "AC0123456789abcdef0123456789abcdef";
const TWILIO = { provider: "twilio", credentials: { account_sid: SID, auth_token: "0123456789abcdef" } };
const VONAGE = { provider: "vonage", credentials: { api_key: "abcd1234", api_secret: "secret-secret" } };

/** Sends `text` to each number over these connections, the first first: what left, and what became of each. */
async function sendTo(numbers: readonly string[], connections: readonly object[], text = "Hi") {
  const sent: Sent[] = [];
  const answered = (body: object, status: number): Carried => ({
    kind: "answered",
    status,
    headers: new Headers(),
    body: JSON.stringify(body),
  });
  const carrier = {
    async carry(request: Request): Promise<Carried> {
      const { host } = new URL(request.url);
      const body = new TextDecoder().decode(await request.arrayBuffer());
      if (host === "api.twilio.com") {
        const form = new URLSearchParams(body);
        sent.push({ host, from: form.get("From") ?? "", to: form.get("To") ?? "" });
        return answered({ sid: `SM${sent.length}`, status: "queued" }, 201);
      }
      const { from, to } = JSON.parse(body) as Sent;
      sent.push({ host, from, to });
      return answered({ message_uuid: `uuid-${sent.length}` }, 202);
    },
  };
  const s = await stage(() => answered({}, 500), { carrier }, []);
  for (const [i, connection] of connections.entries()) {
    const body = { channel: "sms", name: `SMS ${i}`, priority: i + 1, ...connection };
    const made = await s.world.call("POST", "/v1/connections", { body });
    expect(made.status, await made.text()).toBe(201);
  }
  const sub = submission(s.world, {
    order: { request_id: "req_1", content: { sms: { text } } },
    to: numbers.map((destination) => ({ channel: "sms", destination })),
  });
  const runs = numbers.map((_, i) => ({ ...submission(s.world), order: sub.order, to: sub.to.slice(i, i + 1) }));
  await plan(s.deps, s.world.tenantId, runs);
  await s.ring();
  return { sent, messages: await Promise.all(runs.map(({ first }) => s.read(first))) };
}

test("each country is written to from its own sender, and all others from the default", async () => {
  const senders = { US: "+12025550100", GB: "ACME" };
  const numbers = ["+12025550123", "+447400123456", "+819012345678"];
  const { sent, messages } = await sendTo(numbers, [{ ...TWILIO, settings: { from: "+15550001111", senders } }]);
  expect(Object.fromEntries(sent.map(({ to, from }) => [to, from]))).toEqual({
    "+12025550123": "+12025550100",
    "+447400123456": "ACME",
    "+819012345678": "+15550001111",
  });
  expect(messages.map(({ status }) => status)).toEqual(["sent", "sent", "sent"]);
});

test("a name goes nowhere where no network takes one: the next connection carries it, and the first is not blamed", async () => {
  const { sent, messages } = await sendTo(
    ["+12025550123", "+447400123456"],
    [
      { ...TWILIO, settings: { from: "ACME" } },
      { ...VONAGE, settings: { from: "12345" } },
    ],
  );
  expect(sent.map(({ host, to }) => [host, to]).sort()).toEqual([
    ["api.nexmo.com", "12025550123"],
    ["api.twilio.com", "+447400123456"],
  ]);
  expect(messages.map((m) => m.deliveries[0]?.attempts.map(({ outcome }) => outcome))).toEqual([["sent"], ["sent"]]);
});

test("where no connection may write to the country, the message says why, and nobody is asked", async () => {
  const { sent, messages } = await sendTo(["+12025550123"], [{ ...TWILIO, settings: { from: "ACME" } }]);
  expect(sent).toEqual([]);
  expect(messages[0]).toMatchObject({ status: "failed", deliveries: [{ attempts: [] }] });
  expect(messages[0]?.log.at(-1)).toMatchObject({ type: "failed", code: "sender_not_taken" });
});

test("a text that one provider does not take goes over the next", async () => {
  const { sent, messages } = await sendTo(
    ["+447400123456"],
    [
      { ...VONAGE, settings: { from: "ACME" } },
      { ...TWILIO, settings: { from: "ACME" } },
    ],
    "x".repeat(1200),
  );
  expect(sent.map(({ host }) => host)).toEqual(["api.twilio.com"]);
  expect(messages[0]?.deliveries[0]?.attempts).toMatchObject([{ provider: "twilio", outcome: "sent", parts: 8 }]);
});
