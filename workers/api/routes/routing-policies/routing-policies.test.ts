import { beforeAll, describe, expect, test } from "vitest";
import { type RuleThen, type RuleWhen, ruleOf } from "../../../../src/shared/core/routing-rule.ts";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
let email: string;
let sms: string;
beforeAll(async () => {
  world = await makeWorld();
  [email, sms] = [await connect("email"), await connect("sms")];
});

async function connect(channel: string, w = world): Promise<string> {
  const answer = await call("POST", "/v1/connections", { channel, provider: "sandbox", name: channel }, w);
  return String(answer.body.id);
}

async function call(method: string, path: string, body?: unknown, w = world) {
  const response = await w.call(method, path, body === undefined ? {} : { body });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> };
}

const POLICIES = "/v1/routing-policies";
const make = (rules: unknown, over: object = {}) => call("POST", POLICIES, { name: "Policy", rules, ...over });

/** The paths of the flaws that a rule is refused for. */
async function flaws(then: unknown, when: unknown = {}): Promise<string[]> {
  const { status, body } = await make([ruleOf(when as RuleWhen, then as RuleThen)]);
  expect(status).toBe(422);
  return (body.errors as { path: string }[]).map(({ path }) => path);
}

describe("a policy", () => {
  test("is kept as it came, listed in the order in which it is asked, changed in part, and deleted", async () => {
    const w = await makeWorld();
    const id = await connect("email", w);
    const rules = [
      ruleOf(
        {
          channel: "email",
          tags: ["a"],
          time: { from: "22:00", to: "07:00", timezone: "Europe/London", days: ["sat"] },
          percent: 12.5,
        },
        { connections: [id], caps: [{ connection_id: id, per_day: 5 }], overflow: true, fail_over_on: [], only: true },
        "Nights",
      ),
    ];
    const late = await call("POST", POLICIES, { name: "Late", rules, position: 9, enabled: false }, w);
    const early = await call("POST", POLICIES, { name: "Early", rules, position: 8 }, w);
    expect(late).toMatchObject({
      status: 201,
      body: { name: "Late", position: 9, enabled: false, rules, project_id: w.projectId },
    });
    const { body: list } = await call("GET", POLICIES, undefined, w);
    expect((list.data as { name: string }[]).map(({ name }) => name)).toEqual(["Early", "Late"]);
    const path = `${POLICIES}/${String(early.body.id)}`;
    expect(await call("PATCH", path, { position: 10 }, w)).toMatchObject({
      status: 200,
      body: { position: 10, name: "Early", rules },
    });
    expect((await call("GET", path, undefined, w)).body).toMatchObject({ position: 10 });
    expect((await call("DELETE", path, undefined, w)).status).toBe(204);
    expect((await call("GET", path, undefined, w)).status).toBe(404);
    expect((await call("DELETE", path, undefined, w)).status).toBe(404);
  });

  test("leaves who changed what in the audit log", async () => {
    const { body } = await make([ruleOf({}, { strategy: "cheapest" })]);
    await call("PATCH", `${POLICIES}/${String(body.id)}`, { enabled: false });
    await call("DELETE", `${POLICIES}/${String(body.id)}`);
    const { results } = await world.deps.control
      .prepare("SELECT action, actor FROM audit WHERE tenant_id = ? AND target = ? ORDER BY id")
      .bind(world.tenantId, body.id)
      .all<{ action: string; actor: string }>();
    expect(results.map(({ action }) => action).toSorted()).toEqual([
      "routing_policy.created",
      "routing_policy.deleted",
      "routing_policy.updated",
    ]);
    expect(results.every(({ actor }) => actor.startsWith("key:"))).toBe(true);
  });

  test("is one of fifty at most", async () => {
    const w = await makeWorld();
    const rules = [ruleOf({}, { strategy: "cheapest" })];
    for (let i = 0; i < 50; i++) expect((await call("POST", POLICIES, { name: `${i}`, rules }, w)).status).toBe(201);
    expect(await call("POST", POLICIES, { name: "One more", rules }, w)).toMatchObject({
      status: 409,
      body: { code: "conflict" },
    });
  });
});

describe("a rule", () => {
  test("names connections of its project, and of its channel, or is refused with every place", async () => {
    const stranger = await connect("email", await makeWorld());
    const then: RuleThen = {
      strategy: "weighted",
      weights: { [email]: 1, con_gone: 2 },
      among: [stranger],
      canary: { connection_id: "con_none", percent: 5 },
      caps: [{ connection_id: sms, per_minute: 1 }],
    };
    expect(await flaws(then, { channel: "email" })).toEqual([
      "rules[0].then.among[0]",
      "rules[0].then.weights.con_gone",
      "rules[0].then.canary.connection_id",
      "rules[0].then.caps[0].connection_id",
    ]);
  });

  test.each<[string, unknown, unknown, string]>([
    ["says nothing", {}, {}, "rules[0].then"],
    ["lists and chooses", { connections: ["con_1"], strategy: "cheapest" }, {}, "rules[0].then.strategy"],
    ["weighs nothing", { strategy: "weighted" }, {}, "rules[0].then.weights"],
    ["weighs for another strategy", { strategy: "cheapest", weights: { con_1: 1 } }, {}, "rules[0].then.weights"],
    ["chooses among, by nothing", { among: ["con_1"], overflow: true }, {}, "rules[0].then.among"],
    ["names one twice", { connections: ["con_1", "con_1"] }, {}, "rules[0].then.connections"],
    ["says only, and names none", { strategy: "cheapest", only: true }, { channel: "sms" }, "rules[0].then.only"],
    ["says only, for every channel", { connections: ["con_1"], only: true }, {}, "rules[0].when.channel"],
    ["caps at nothing", { caps: [{ connection_id: "con_1" }] }, {}, "rules[0].then.caps[0]"],
    ["knows no such country", { strategy: "cheapest" }, { country: ["UK"] }, "rules[0].when.country[0]"],
    [
      "knows no such time zone",
      { strategy: "cheapest" },
      { time: { from: "09:00", to: "10:00", timezone: "Mars/Base" } },
      "rules[0].when.time.timezone",
    ],
    [
      "knows no such time",
      { strategy: "cheapest" },
      { time: { from: "24:00", to: "10:00", timezone: "UTC" } },
      "rules[0].when.time.from",
    ],
    ["shares out more than all", { strategy: "cheapest" }, { percent: 101 }, "rules[0].when.percent"],
  ])("that %s is refused, where it says so", async (_, then, when, path) => {
    expect(await flaws(then, when)).toContain(path);
  });

  test("comes with fifty of its kind at most, and with one at least", async () => {
    const rule = ruleOf({}, { strategy: "fastest" });
    expect((await make(Array.from({ length: 51 }, () => rule))).status).toBe(422);
    expect((await make([])).status).toBe(422);
    expect((await make(Array.from({ length: 50 }, () => rule))).status).toBe(201);
  });
});

describe("prices of a connection", () => {
  const body = { channel: "sms", provider: "sandbox", name: "Priced" };
  const prices = { currency: "USD", per: "part", default: 0.05, by_country: { GB: 0.0403 }, per_failed: 0.001 };

  test("are kept as they came, shown, replaced and taken away", async () => {
    const made = await call("POST", "/v1/connections", { ...body, prices });
    expect(made).toMatchObject({ status: 201, body: { prices, list_price: { prices: { default: 0 }, confidence: "high" } } });
    const path = `/v1/connections/${String(made.body.id)}`;
    expect((await call("PATCH", path, { prices: { default: 0.01 } })).body.prices).toEqual({
      currency: "USD",
      per: "message",
      default: 0.01,
    });
    expect((await call("PATCH", path, { name: "Still priced" })).body.prices).toMatchObject({ default: 0.01 });
    expect((await call("PATCH", path, { prices: null })).body.prices).toBeNull();
    expect((await call("GET", path)).body.prices).toBeNull();
  });

  test.each([
    [{}, "prices"],
    [{ default: -1 }, "prices.default"],
    [{ default: 0.000_000_1 }, "prices.default"],
    [{ default: 1, currency: "EUR" }, "prices.currency"],
    [{ by_country: { UK: 1 } }, "prices.by_country.UK"],
  ])("%j is refused", async (wrong, path) => {
    const { status, body: problem } = await call("POST", "/v1/connections", { ...body, prices: wrong });
    expect(status).toBe(422);
    expect((problem.errors as { path: string }[]).map((e) => e.path)).toContain(path);
  });
});
