/** How long an SMS may be, from the API to the carrier. */
import { beforeAll, describe, expect, test } from "vitest";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

interface Message {
  status: string;
  deliveries: { attempts: { parts: number | null; outcome: string }[] }[];
  events: { type: string; code: string | null; reason: string | null }[];
}

const to = [{ channel: "sms", destination: "+447700900123" }];
const call = (path: string, body: object, w = world) => w.call("POST", path, { key: w.testKey, body });
const sms = (text: string) => ({ to, content: { sms: { text } } });

async function ended(body: object, w = world): Promise<Message> {
  const response = await call("/v1/send", body, w);
  expect(response.status, await response.clone().text()).toBe(202);
  const [id] = ((await response.json()) as { message_ids: string[] }).message_ids;
  return eventually(async () => {
    const message = (await (await w.call("GET", `/v1/messages/${id}`)).json()) as Message;
    return ["delivered", "failed"].includes(message.status) && message;
  });
}

describe("an SMS", () => {
  test.each([
    ["one segment", "Hello", 1],
    ["one segment of another script", "й".repeat(70), 1],
    ["as many as are allowed", "x".repeat(1530), 10],
  ])("of %s goes out, and its attempt says how many it took", async (_, text, parts) => {
    const message = await ended(sms(text));
    expect(message.status).toBe("delivered");
    expect(message.deliveries[0]?.attempts).toMatchObject([{ outcome: "sent", parts }]);
  });

  test.each([
    ["letters", "x".repeat(1531), 11],
    ["a script", "й".repeat(671), 11],
  ])("of more is refused where it stands, in %s", async (_, text, segments) => {
    const response = await call("/v1/send", sms(text));
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "validation_failed",
      errors: [{ path: "content.sms.text", message: expect.stringContaining(`${segments} SMS segments`) }],
    });
  });

  test("of more is refused item by item in a batch", async () => {
    const response = await call("/v1/batch", { sends: [sms("Hello"), sms("x".repeat(2000))] });
    expect(await response.json()).toMatchObject({
      accepted: 1,
      data: [{ status: "accepted" }, { status: "rejected", error: { errors: [{ path: "content.sms.text" }] } }],
    });
  });

  test("that its variables make too long fails once it is rendered, and reaches nobody", async () => {
    const message = await ended({ ...sms("Hi {{ name }}"), variables: { name: "x".repeat(2000) } });
    expect(message.status).toBe("failed");
    expect(message.deliveries[0]?.attempts).toEqual([]);
    expect(message.events).toContainEqual(expect.objectContaining({ type: "failed", code: "too_long" }));
  });

  test("may be as long as its project says", async () => {
    const w = await makeWorld();
    const settings = { sms_max_segments: 2 };
    expect((await w.call("PATCH", `/v1/projects/${w.projectId}`, { body: { settings } })).status).toBe(200);
    expect((await call("/v1/send", sms("x".repeat(307)), w)).status).toBe(422);
    expect((await ended(sms("x".repeat(306)), w)).deliveries[0]?.attempts).toMatchObject([{ parts: 2 }]);
  });

  test("has no parts where it is none", async () => {
    const email = { to: [{ channel: "email", destination: "a@b.example" }], content: { email: { subject: "S", text: "T" } } };
    expect((await ended(email)).deliveries[0]?.attempts).toMatchObject([{ parts: null }]);
  });
});

describe("a preview", () => {
  const preview = async (text: string, variables = {}) => {
    const response = await world.call("POST", "/v1/preview", { body: { content: { sms: { text } }, variables } });
    expect(response.status).toBe(200);
    return ((await response.json()) as { sms: object }).sms;
  };

  test("says how many segments a text takes, and how many are allowed", async () => {
    expect(await preview("Hi {{ name }}", { name: "Ada" })).toEqual({
      text: "Hi Ada",
      encoding: "GSM-7",
      segments: 1,
      units: 6,
      max_segments: 10,
    });
    expect(await preview("“Hi”, {{ name }}", { name: "A".repeat(70) })).toMatchObject({
      encoding: "UCS-2",
      segments: 2,
      units: 76,
    });
  });

  test("of a text that is too long is shown all the same", async () => {
    expect(await preview("{{ x }}", { x: "x".repeat(2000) })).toMatchObject({ segments: 14, max_segments: 10 });
  });
});
