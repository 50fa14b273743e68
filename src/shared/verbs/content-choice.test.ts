/** Which connection carries which content, from the API to the carrier. */
import { expect, test } from "vitest";
import type { Content } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import { type Stage, stage, submission } from "../testing/stage.ts";
import { makeWorld } from "../testing/world.ts";
import { plan } from "./plan.ts";

const SID = `HX${"0123456789abcdef".repeat(2)}`;

interface Sent {
  readonly url: URL;
  readonly body: string;
}

async function scene(answer: (sent: Sent) => Carried | Promise<Carried>): Promise<{ s: Stage; sent: Sent[] }> {
  const sent: Sent[] = [];
  const carrier = {
    async carry(request: Request): Promise<Carried> {
      const one = { url: new URL(request.url), body: new TextDecoder().decode(await request.arrayBuffer()) };
      sent.push(one);
      return answer(one);
    },
  };
  const s = await stage(() => answered(500, {}), { carrier, publicUrl: "https://carillon.test" });
  return { s, sent };
}

function answered(status: number, body: object): Carried {
  return { kind: "answered", status, headers: new Headers(), body: JSON.stringify(body) };
}

const META = { messages: [{ id: "wamid.1" }] };

async function connect({ world }: Pick<Stage, "world">, connection: object) {
  const response = await world.call("POST", "/v1/connections", { body: { name: "C", ...connection } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const twilio = {
  channel: "whatsapp",
  provider: "twilio",
  priority: 1,
  credentials: { account_sid: "AC0123456789abcdef0123456789abcdef", auth_token: "token-token" },
  settings: { from: "+15550001111" },
};
const meta = {
  channel: "whatsapp",
  provider: "meta",
  priority: 2,
  credentials: { access_token: "EAAG-token" },
  settings: { phone_number_id: "106540352242922" },
};

async function deliver(
  s: Stage,
  channel: "whatsapp" | "email" | "chat",
  destination: string,
  content: Content,
  more: object = {},
) {
  const order = { request_id: "req_1", content, ...more };
  const sub = submission(s.world, { order, to: [{ channel, destination }] });
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  return s.read(sub.first);
}

test("a template goes over the first connection that knows it, and the one before is never asked", async () => {
  const { s, sent } = await scene(({ url }) =>
    url.hostname === "graph.facebook.com" ? answered(200, META) : answered(201, { sid: "SM1", status: "queued" }),
  );
  for (const connection of [twilio, meta]) expect((await connect(s, connection)).status).toBe(201);
  const template = { name: "order_ready", language: "en", variables: ["{{ name }}"] };
  const only = await deliver(s, "whatsapp", "+447700900123", { whatsapp: { template } }, { variables: { name: "Ada" } });
  expect(only.deliveries[0]?.attempts).toMatchObject([{ n: 1, provider: "meta", outcome: "sent" }]);
  const both = await deliver(
    s,
    "whatsapp",
    "+447700900123",
    { whatsapp: { template: { ...template, content_sid: SID } } },
    {
      variables: { name: "Ada" },
    },
  );
  expect(both.deliveries[0]?.attempts).toMatchObject([{ n: 1, provider: "twilio", outcome: "sent" }]);
  expect(sent.map(({ url }) => url.hostname)).toEqual(["graph.facebook.com", "api.twilio.com"]);
  expect(JSON.parse(sent[0]?.body ?? "")).toMatchObject({
    template: { components: [{ type: "body", parameters: [{ type: "text", text: "Ada" }] }] },
    biz_opaque_callback_data: only.deliveries[0]?.attempts[0]?.id,
  });
});

test("content that no connection carries fails at once and says why; nobody was asked", async () => {
  const { s, sent } = await scene(() => answered(200, {}));
  const id = `d-${"0123456789abcdef".repeat(2)}`;
  const message = await deliver(s, "email", "ada@example.com", { email: { provider_template: { provider: "sendgrid", id } } });
  expect(message).toMatchObject({ status: "failed", deliveries: [{ phase: "failed", attempts: [] }] });
  expect(message.log.at(-1)).toMatchObject({ type: "failed", code: "unsupported_content" });
  expect(sent).toEqual([]);
});

test("a file goes to WhatsApp as a link that works, and says what the file is", async () => {
  const { s, sent } = await scene(() => answered(200, META));
  await connect(s, meta);
  const upload = await s.world.call("POST", "/v1/attachments?filename=a.pdf", {
    body: new TextEncoder().encode("%PDF-1.7"),
    headers: { "content-type": "application/pdf" },
  });
  const { id } = (await upload.json()) as { id: string };
  // The clock of the links is the real one: it is the API that reads them.
  Object.assign(s.clock, { now: Date.now() });
  await deliver(s, "whatsapp", "+447700900123", { whatsapp: { text: "Your invoice" } }, { attachments: [id] });
  const { document } = JSON.parse(sent[0]?.body ?? "{}") as { document: { link: string; filename: string; caption: string } };
  expect(document).toMatchObject({ filename: "a.pdf", caption: "Your invoice" });
  const file = await s.world.call("GET", document.link.replace("https://carillon.test", ""), { key: null });
  expect([file.status, file.headers.get("content-type"), await file.text()]).toEqual([200, "application/pdf", "%PDF-1.7"]);
});

const own = {
  channel: "chat",
  provider: "http",
  credentials: { secrets: { token: "a-token-of-some-length" } },
  settings: {
    url: "https://chat.acme.example/rooms/{{ to }}",
    headers: { Authorization: "Bearer {{ secret.token }}" },
    body: { text: "{{ text }}", key: "{{ idempotency_key }}", attempt: "{{ attempt_id }}" },
    idempotent: true,
  },
};

test("where the account says that it knows a repeat, a lost answer is asked for again, as the same attempt", async () => {
  let calls = 0;
  const { s, sent } = await scene(() => (calls++ === 0 ? { kind: "unknown", reason: "lost" } : answered(200, {})));
  await connect(s, own);
  const message = await deliver(s, "chat", "room 1", { chat: { text: "Hi" } });
  expect(message.deliveries[0]?.attempts).toMatchObject([{ outcome: "unknown" }]);
  s.clock.now += 60_000;
  await s.ring();
  await s.ring(s.bells.splice(0));
  const [first, again] = sent.map(({ url, body }) => ({ path: url.pathname, ...(JSON.parse(body) as object) }));
  expect(first).toMatchObject({ path: "/rooms/room%201", text: "Hi", key: expect.stringMatching(/^\w+/) });
  expect(again).toEqual(first);
});

test("a connection of your own leads to public hosts only, has the secrets that it names, and shows none", async () => {
  const s = { world: await makeWorld({ deps: { allowPrivateEndpoints: false } }) };
  const flaws = async (over: object, credentials: object = own.credentials) => {
    const { status, body } = await connect(s, { ...own, credentials, settings: { ...own.settings, ...over } });
    return [status, ...((body.errors ?? []) as { path: string }[]).map(({ path }) => path)];
  };
  for (const host of [
    "https://169.254.169.254/",
    "http://chat.acme.example/",
    "https://[::1]/x",
    "https://localhost/{{ to }}",
    "https://10.0.0.1?{{ to }}",
  ]) {
    expect(await flaws({ url: host }), host).toEqual([422, "settings.url"]);
  }
  expect(await flaws({ verify_url: "https://127.0.0.1/" })).toEqual([422, "settings.verify_url"]);
  expect(await flaws({ body: { a: "{{ txet }}" } })).toEqual([422, "settings.body.a"]);
  expect(await flaws({}, {})).toEqual([422, "credentials"]);
  const { status, body } = await connect(s, own);
  expect([status, body.credential_hints]).toEqual([201, { "secrets.token": "••••ngth" }]);
  expect(JSON.stringify(body)).not.toContain("a-token-of-some-length");
});
