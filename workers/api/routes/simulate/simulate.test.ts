import { expect, test } from "vitest";
import { z } from "zod";
import { explanationShape } from "../../../../src/shared/contract/explain.ts";
import { simulatedShape } from "../../../../src/shared/contract/simulate.ts";
import { ruleOf } from "../../../../src/shared/core/routing-rule.ts";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

const sms = (to: readonly string[], over: object = {}) => ({
  to: to.map((destination) => ({ channel: "sms", destination })),
  content: { sms: { text: "Hi {{ name }}" } },
  variables: { name: "Ada" },
  ...over,
});

/** A world whose gate, queues and providers must not be touched. */
async function quietWorld(): Promise<{ world: World; touched: string[] }> {
  const touched: string[] = [];
  const refuse = (name: string) => async () => {
    touched.push(name);
    throw new Error(`${name} was touched`);
  };
  const world = await makeWorld({
    deps: {
      carrier: { carry: refuse("carrier") },
      ringer: { ring: refuse("bell"), signal: refuse("signal") },
      lessor: { take: refuse("lessor") },
      gate: () => {
        touched.push("gate");
        throw new Error("the gate was touched");
      },
    },
  });
  return { world, touched };
}

async function connect(world: World, over: object): Promise<string> {
  const response = await world.call("POST", "/v1/connections", {
    body: {
      channel: "sms",
      provider: "twilio",
      settings: { from: "+15550001111" },
      credentials: { account_sid: `AC${"0".repeat(32)}`, auth_token: "0123456789abcdef0123456789abcdef" },
      ...over,
    },
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function simulate(world: World, body: object, key = world.liveKey) {
  const response = await world.call("POST", "/v1/simulate", { body, key });
  expect(response.status, await response.clone().text()).toBe(200);
  return z.strictObject(simulatedShape.shape).parse(await response.json());
}

test("simulate tells the connection, the reason, the price, the parts and the words, and touches no gate, bell, limit or provider", async () => {
  const { world, touched } = await quietWorld();
  const dear = await connect(world, {
    name: "Dear",
    priority: 1,
    prices: { currency: "USD", per: "part", default: 0.05, by_country: { GB: 0.04 } },
  });
  const cheap = await connect(world, { name: "Cheap", priority: 2, prices: { currency: "USD", per: "part", default: 0.01 } });
  const named = await connect(world, { name: "Name", priority: 3, settings: { from: "ACME" } });
  const made = await world.call("POST", "/v1/routing-policies", {
    body: {
      name: "Cheapest to Britain",
      rules: [
        ruleOf({ country: ["FR"] }, { connections: [dear] }, "Nowhere"),
        ruleOf({ country: ["GB"] }, { strategy: "cheapest", among: [dear, cheap] }, "Britain"),
      ],
    },
  });
  expect(made.status, await made.clone().text()).toBe(201);
  const policy = ((await made.json()) as { id: string }).id;

  const { data, totals } = await simulate(
    world,
    sms(["+447700900123", "+12025550123"], { variables: { name: "€".repeat(100) } }),
  );
  expect(data[0]).toMatchObject({ would_send: true, code: null, channel: "sms", destination: "+447700900123" });
  expect(data[0]?.gates.map((g) => [g.gate, g.verdict])).toEqual([
    ["schedule", "pass"],
    ["expired", "pass"],
    ["suppressed", "pass"],
    ["duplicate", "pass"],
    ["content", "pass"],
    ["routing", "pass"],
  ]);
  const [british] = data[0]?.deliveries ?? [];
  expect(british).toMatchObject({
    verdict: "go",
    connection_id: cheap,
    provider: "twilio",
    policy_id: policy,
    rule: 1,
    cost_micros: 20_000,
    currency: "USD",
    starts: { when: "at_once" },
    sms: { encoding: "GSM-7", parts: 2, country: "GB", sender: "+15550001111" },
    preview: { sms: { text: `Hi ${"€".repeat(100)}`, segments: 2 } },
  });
  expect(british?.rules).toEqual([
    { policy_id: policy, rule: 0, name: "Nowhere", missed: "country" },
    { policy_id: policy, rule: 1, name: "Britain", missed: null },
  ]);
  expect(british?.candidates.map((c) => [c.connection_id, c.place, c.verdict, c.by])).toEqual([
    [cheap, 1, "fit", "cheapest"],
    [dear, 2, "fit", "cheapest"],
    [named, 3, "fit", "rest"],
  ]);
  const [american] = data[1]?.deliveries ?? [];
  expect(american).toMatchObject({ connection_id: dear, policy_id: null, rule: null, cost_micros: 100_000 });
  expect(american?.candidates.find((c) => c.connection_id === named)).toMatchObject({
    verdict: "cannot_carry",
    code: "sender_not_taken",
    place: null,
  });
  expect(american?.sms?.warnings.map((w) => w.code)).toContain("number_needs_registration");
  expect(totals).toEqual({
    messages: 2,
    would_send: 2,
    cost_micros: 120_000,
    most_cost_micros: 120_000,
    unpriced: 0,
    currency: "USD",
  });
  expect(touched).toEqual([]);
});

test("a test key sees the sandbox, and a sensitive send keeps its words", async () => {
  const { world } = await quietWorld();
  await connect(world, { name: "Real" });
  const { mode, data } = await simulate(world, sms(["+447700900123"], { sensitive: true }), world.testKey);
  expect([mode, data[0]?.deliveries[0]?.connection_id, data[0]?.deliveries[0]?.preview]).toEqual(["test", "sandbox", null]);
});

test("simulate refuses what a send refuses, at the same places, and more than a hundred recipients", async () => {
  const { world } = await quietWorld();
  const flawed = { ...sms(["+447700900123"]), content: { sms: { text: "{% if %}" } }, attachments: ["att_1"] };
  const [sent, simulated] = await Promise.all(
    ["/v1/send", "/v1/simulate"].map(async (path) => {
      const response = await world.call("POST", path, { body: flawed });
      const { errors } = (await response.json()) as { errors: unknown };
      return { status: response.status, errors };
    }),
  );
  expect(simulated?.status).toBe(422);
  expect(simulated).toEqual(sent);
  const many = Array.from({ length: 101 }, (_, i) => `+4477009${String(i).padStart(5, "0")}`);
  expect((await world.call("POST", "/v1/simulate", { body: sms(many) })).status).toBe(422);
  const key = await world.keyWith(["messages:read"]);
  expect((await world.call("POST", "/v1/simulate", { body: sms(["+447700900123"]), key })).status).toBe(403);
});

test("what cannot be rendered, or has come too late, says so at its gate", async () => {
  const { world } = await quietWorld();
  const { data } = await simulate(world, { ...sms(["+447700900123"]), variables: {} });
  expect(data[0]).toMatchObject({ would_send: false, code: "template_invalid" });
  expect(data[0]?.gates.at(-1)).toMatchObject({ gate: "content", verdict: "stop", delivery: 0 });
  const later = await simulate(
    world,
    sms(["+447700900123"], { at: "2030-01-06T23:30:00Z", schedule_at: "2030-01-07T00:00:00Z" }),
  );
  expect(later.at).toBe("2030-01-06T23:30:00.000Z");
  expect(later.data[0]).toMatchObject({ would_send: true, at: "2030-01-07T00:00:00.000Z" });
  expect(later.data[0]?.gates[0]).toMatchObject({ gate: "schedule", verdict: "wait" });
});

async function explained(world: World, id: string) {
  const response = await world.call("GET", `/v1/messages/${id}/explain`);
  expect(response.status, await response.clone().text()).toBe(200);
  return z.strictObject(explanationShape.shape).parse(await response.json());
}

const mail = { to: [{ channel: "email", destination: "ada@example.com" }], content: { email: { subject: "S", text: "T" } } };

async function sendTo(world: World, body: object): Promise<string> {
  const response = await world.call("POST", "/v1/send", { body });
  expect(response.status, await response.clone().text()).toBe(202);
  return ((await response.json()) as { message_ids: string[] }).message_ids[0] ?? "";
}

test("explain: a message that waits in its gate says until when, and what would be chosen now", async () => {
  const world = await makeWorld();
  const id = await sendTo(world, { ...mail, schedule_at: "2040-01-01T00:00:00Z" });
  const { status, gates, deliveries } = await explained(world, id);
  expect([status, gates.map((g) => [g.gate, g.verdict])]).toEqual(["scheduled", [["schedule", "wait"]]]);
  expect(deliveries[0]).toMatchObject({
    phase: "waiting",
    waiting: { for: "schedule", until: "2040-01-01T00:00:00.000Z", behind: null },
    summary: "Waits in its gate until 2040-01-01T00:00:00.000Z.",
    now: { verdict: "go", provider: "sandbox" },
  });
  await world.call("POST", `/v1/messages/${id}/cancel`);
  const after = await explained(world, id);
  expect(after.gates.find((g) => g.verdict === "stop")).toMatchObject({ gate: "cancelled" });
  expect(after.deliveries[0]).toMatchObject({ waiting: null, now: null, summary: "Cancelled before any try." });
});

test("explain: a message that was delivered says by whom; a duplicate names the first; nobody else's is found", async () => {
  const world = await makeWorld();
  const id = await sendTo(world, { ...mail, dedupe_window_seconds: 600 });
  const done = await eventually(async () => {
    const it = await explained(world, id);
    return it.status === "delivered" && it;
  });
  expect(done.gates.map((g) => [g.gate, g.verdict])).toEqual([
    ["schedule", "pass"],
    ["expired", "pass"],
    ["suppressed", "pass"],
    ["duplicate", "pass"],
    ["content", "pass"],
    ["routing", "pass"],
  ]);
  expect(done.deliveries[0]).toMatchObject({ phase: "sent", waiting: null, now: null });
  expect(done.deliveries[0]?.summary).toMatch(/^Sent by sandbox \(con_\w+\) at the first try; delivered at .*Z\.$/);
  const second = await sendTo(world, { ...mail, dedupe_window_seconds: 600 });
  const twice = await eventually(async () => {
    const it = await explained(world, second);
    return it.status === "suppressed" && it;
  });
  expect(twice.gates.at(-1)).toMatchObject({
    gate: "duplicate",
    verdict: "stop",
    code: "duplicate",
    detail: expect.stringContaining(id),
  });
  expect(twice.deliveries[0]?.summary).toContain(`Suppressed before any try: The same content went to this recipient as ${id}`);
  const stranger = await makeWorld();
  expect((await stranger.call("GET", `/v1/messages/${id}/explain`)).status).toBe(404);
});
