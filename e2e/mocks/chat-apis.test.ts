/** The doubles of WhatsApp and Slack, called as our providers call them, and as nobody should. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { meta } from "../../src/shared/providers/whatsapp/meta.ts";
import { answerFlaws, errorFlaws, statusFlaws } from "../../src/shared/testing/whatsapp-spec.ts";
import { META_FAILURES, type MetaDouble, signedStatus, startMetaMock } from "./meta.ts";
import { type SlackDouble, startSlackMock } from "./slack.ts";

const TOKEN = "EAAG-token";
const NUMBER = "106540352242922";
let whatsapp: MetaDouble;
let slack: SlackDouble;

beforeAll(async () => {
  whatsapp = await startMetaMock({ accessToken: TOKEN, phoneNumberId: NUMBER, templates: { order_ready: ["en_US"] } });
  slack = await startSlackMock({ botToken: "xoxb-1" });
});
afterAll(async () => {
  await Promise.all([whatsapp.close(), slack.close()]);
});

async function post(url: string, body: unknown, token: string) {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const text = { messaging_product: "whatsapp", to: "+447700900123", type: "text", text: { body: "Hi" } };
const send = (message: object, token = TOKEN, number = NUMBER) =>
  post(`${whatsapp.url}/v23.0/${number}/messages`, message, token);

describe("the double of WhatsApp", () => {
  test("answers as Meta's document says, and knows the attempt", async () => {
    const { status, body } = await send({ ...text, biz_opaque_callback_data: "att_1" });
    expect([status, answerFlaws(body)]).toEqual([200, []]);
    expect(whatsapp.received.at(-1)).toMatchObject({
      to: "+447700900123",
      type: "text",
      attemptId: "att_1",
      outcome: "accepted",
    });
  });

  test("refuses what Meta would, and remembers it as a defect of the caller", async () => {
    const before = whatsapp.refused.length;
    const wrong = [
      send(text, "other"),
      send(text, TOKEN, "1"),
      send({ ...text, odd: 1 }),
      send({ ...text, text: { body: "" } }),
      send({ ...text, to: "ada" }),
      send({
        ...text,
        type: "template",
        template: {
          name: "order_ready",
          language: { code: "en_US" },
          components: [{ type: "body", parameters: [{ type: "text", text: "a\nb" }] }],
        },
        text: undefined,
      }),
    ];
    for (const { status, body } of await Promise.all(wrong)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(errorFlaws(body)).toEqual([]);
    }
    expect(whatsapp.refused.length - before).toBe(wrong.length);
  });

  test("knows its templates, and a missing one is no defect", async () => {
    const before = whatsapp.refused.length;
    const template = (name: string, code: string) =>
      send({ messaging_product: "whatsapp", to: "+447700900123", type: "template", template: { name, language: { code } } });
    expect((await template("order_ready", "en_US")).status).toBe(200);
    expect((await template("order_ready", "de")).body).toMatchObject({ error: { code: 132001 } });
    expect(whatsapp.refused.length).toBe(before);
  });

  test.each(Object.keys(META_FAILURES) as (keyof typeof META_FAILURES)[])("fails as it is told to: %s", async (fail) => {
    whatsapp.control({ fail, times: 1 });
    const { status, body } = await send(text);
    const [wanted, code] = META_FAILURES[fail];
    expect(status).toBe(wanted);
    expect(body).toMatchObject({ error: { code } });
    expect(errorFlaws(body)).toEqual([]);
    expect(whatsapp.received.at(-1)?.outcome).toBe("failed");
  });

  test("signs statuses as our own reader takes them", async () => {
    await send({ ...text, biz_opaque_callback_data: "att_01M7WXHTZH0000004NNR5APDB90001" });
    const last = whatsapp.received.at(-1);
    if (last === undefined || meta.callbacks === undefined) throw new Error("nothing to read");
    const verification = { app_secret: "0123456789abcdef0123456789abcdef", verify_token: "verify-token" };
    const { headers, body } = signedStatus(last, "failed", {
      appSecret: verification.app_secret,
      phoneNumberId: NUMBER,
      code: 131050,
    });
    const { value } = (JSON.parse(body) as { entry: { changes: { value: unknown }[] }[] }).entry[0]?.changes[0] ?? {};
    expect(statusFlaws(value)).toEqual([]);
    const callback = {
      method: "POST",
      url: new URL("https://carillon.test/"),
      headers: new Headers(headers),
      body: new TextEncoder().encode(body),
    };
    const certificate = () => Promise.reject(new Error("none"));
    expect(await meta.callbacks.read(callback, verification, { now: Date.now(), certificate })).toMatchObject({
      signals: [{ type: "failed", code: "131050", suppress: "unsubscribe", attemptId: last.attemptId }],
    });
  });
});

describe("the double of Slack", () => {
  const say = (body: object, token = "xoxb-1") => post(`${slack.url}/api/chat.postMessage`, body, token);

  test("takes a message, and answers errors with 200", async () => {
    expect(await say({ channel: "C1", text: "Hi" })).toMatchObject({ status: 200, body: { ok: true, channel: "C1" } });
    expect(await say({ channel: "C1", text: "Hi" }, "xoxb-2")).toMatchObject({
      status: 200,
      body: { ok: false, error: "invalid_auth" },
    });
    expect(await say({ channel: "C1" })).toMatchObject({ body: { error: "no_text" } });
    expect(await say({ channel: "C1", text: "<!channel> hi" })).toMatchObject({ body: { ok: false } });
    slack.control({ fail: "ratelimited", times: 1 });
    expect(await say({ channel: "C1", text: "Hi" })).toMatchObject({ status: 429 });
    expect(slack.received.map((m) => m.outcome)).toEqual(["accepted", "failed"]);
  });
});
