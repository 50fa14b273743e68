/** WhatsApp and Slack through the whole product. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, isSent, type Message, send, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server } from "./harness.ts";
import { startMetaMock } from "./mocks/meta.ts";
import { startSlackMock } from "./mocks/slack.ts";

const account = { accessToken: "EAAG-token-of-a-system-user", phoneNumberId: "106540352242922" };
const meta = await startMetaMock({ ...account, templates: { order_ready: ["en_US"] } });
const slack = await startSlackMock({ botToken: "xoxb-token-of-a-bot" });
let server: Server;

async function connect(connection: object): Promise<void> {
  const answer = await call(server, "POST", "/v1/connections", { priority: 1, verify: true, ...connection });
  expect(answer).toMatchObject({ status: 201, body: { verification: { ok: true } } });
}

beforeAll(async () => {
  server = await launch({ stateDir: makeStateDir() });
  await connect({
    channel: "whatsapp",
    provider: "meta",
    name: "Double of Meta",
    credentials: { access_token: account.accessToken },
    settings: { phone_number_id: account.phoneNumberId, endpoint: meta.url },
  });
  await connect({
    channel: "chat",
    provider: "slack",
    name: "Double of Slack",
    credentials: { bot_token: "xoxb-token-of-a-bot" },
    settings: { endpoint: slack.url },
  });
});
afterAll(async () => {
  cleanUp();
  await Promise.all([meta.close(), slack.close()]);
});

const attempts = (message: Message | undefined) => message?.deliveries.flatMap((d) => d.attempts);
const isOver = (message: Message) => isSent(message) || message.status === "failed";

test("an approved template is filled in, goes out once, and carries its attempt's id", async () => {
  const template = {
    name: "order_ready",
    language: "{{ locale }}",
    variables: ["{{ name }}", "{{ order_id }}"],
    buttons: [{ type: "url", value: "{{ order_id }}" }],
  };
  const ids = await send(server, {
    to: [{ channel: "whatsapp", destination: "+447700900123" }],
    content: { whatsapp: { template } },
    variables: { name: "Ada\nByron", order_id: "A-7" },
    locale: "en-US",
  });
  const [message] = await waitFor(server, ids, isOver, 30_000);
  expect(attempts(message)).toMatchObject([
    { provider: "meta", outcome: "sent", provider_message_id: expect.stringMatching(/^wamid/) },
  ]);
  expect(meta.received).toHaveLength(1);
  expect(meta.received[0]).toMatchObject({
    to: "+447700900123",
    type: "template",
    attemptId: expect.stringMatching(/^att_/),
    message: {
      template: {
        name: "order_ready",
        language: { code: "en_US" },
        components: [
          { type: "body", parameters: [{ text: "Ada Byron" }, { text: "A-7" }] },
          { type: "button", sub_type: "url", index: "0", parameters: [{ text: "A-7" }] },
        ],
      },
    },
  });
  expect(meta.refused).toEqual([]);
});

test("a text outside the window is refused for good, and the connection stays in use", async () => {
  meta.control({ fail: "window_closed", times: 1 });
  const text = (marker: string) => ({
    to: [{ channel: "whatsapp", destination: "+447700900124" }],
    content: { whatsapp: { text: marker } },
  });
  const [refused] = await waitFor(server, await send(server, text("late")), isOver, 30_000);
  expect(attempts(refused)).toMatchObject([{ outcome: "permanent", code: "131047" }]);
  const [taken] = await waitFor(server, await send(server, text("in time")), isOver, 30_000);
  expect(attempts(taken)).toMatchObject([{ outcome: "sent" }]);
});

test("a Slack channel hears it once, and nobody is called who is not meant", async () => {
  const ids = await send(server, {
    to: [{ channel: "chat", destination: "C0123456" }],
    content: { chat: { title: "Disk full", text: "{{ host }} is at 97 %", url: "https://acme.example/hosts/1" } },
    variables: { host: "<!channel> db-1 & db-2" },
  });
  const [message] = await waitFor(server, ids, isOver, 30_000);
  expect(attempts(message)).toMatchObject([{ provider: "slack", outcome: "sent" }]);
  expect(slack.received.map(({ to, text }) => [to, text])).toEqual([
    ["C0123456", "*Disk full*\n&lt;!channel&gt; db-1 &amp; db-2 is at 97 %\n<https://acme.example/hosts/1>"],
  ]);
  expect(slack.refused).toEqual([]);
});

test("what is wrong with content is said at the door, all of it at once", async () => {
  const answer = await call(server, "POST", "/v1/send", {
    to: [{ channel: "whatsapp", destination: "+447700900123" }],
    content: { whatsapp: { template: { name: "Order Ready", language: "english", variables: ["{{ name"] } } },
  });
  expect(answer.status).toBe(422);
  const paths = (answer.body as { errors: { path: string }[] }).errors.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["content.whatsapp.template.name", "content.whatsapp.template.language"]));
});
