import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RuleThen, type RuleWhen, ruleOf } from "../core/routing-rule.ts";
import { fakeHealth } from "../testing/fakes.ts";
import { type Carrying, no, START, type Stage, shardOf, stage, submission, yes } from "../testing/stage.ts";
import { candidatesOf } from "./candidates.ts";
import { plan } from "./plan.ts";
import { forgetPolicies } from "./project-policies.ts";
import { explainRouteOf, routeOf } from "./route.ts";

const SENDERS = ["one@acme.example", "two@acme.example", "three@acme.example"];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock of the deliveries and that of the objects. */
function setClock(s: Stage, at: number): void {
  s.clock.now = at;
  vi.setSystemTime(at);
}

/** SES connections with a record of their own health; `sent` has the sender of every call, in order. */
async function routed(answer: (carrying: Carrying) => ReturnType<typeof yes> = yes) {
  const sent: string[] = [];
  const health = fakeHealth(() => clock.now);
  const s = await stage(
    (carrying) => {
      sent.push(carrying.from);
      return answer(carrying);
    },
    { health },
    SENDERS,
  );
  const { clock } = s;
  const [one = "", two = "", three = ""] = s.connections;
  return { s, sent, one, two, three };
}

async function policy(s: Stage, then: RuleThen, when: RuleWhen = {}, position = 100): Promise<string> {
  const body = { name: "Policy", position, rules: [ruleOf(when, then)] };
  const response = await s.world.call("POST", "/v1/routing-policies", { body });
  if (response.status !== 201) throw new Error(await response.text());
  return ((await response.json()) as { id: string }).id;
}

/** Plans and delivers so many messages; answers with their first id. */
async function deliverNow(s: Stage, count = 1, over: Parameters<typeof submission>[1] = {}): Promise<string> {
  const run = submission(s.world, { due_at: s.clock.now, accepted_at: s.clock.now, ...over }, count);
  await plan(s.deps, s.world.tenantId, [run]);
  await s.ring(s.bells.splice(0));
  return run.first;
}

const countOf = (sent: readonly string[], sender: string | undefined) => sent.filter((from) => from === sender).length;

describe("a delivery", () => {
  test("goes by priority without a policy, and keeps no reason", async () => {
    const { s, sent } = await routed();
    const message = await s.read(await deliverNow(s));
    expect(sent).toEqual([SENDERS[0]]);
    expect(message.deliveries[0]?.attempts[0]?.route).toBeUndefined();
  });

  test("goes as the first rule that holds says, and keeps which and why", async () => {
    const { s, sent, two } = await routed();
    const id = await policy(s, { connections: [two] }, { category: ["otp"] });
    await deliverNow(s);
    const message = await s.read(await deliverNow(s, 1, { category: "otp" }));
    expect(sent).toEqual([SENDERS[0], SENDERS[1]]);
    expect(message.deliveries[0]?.attempts[0]?.route).toEqual({
      policy_id: id,
      rule: 0,
      strategy: "connections",
      score: null,
      why: "number 1 of the rule's list",
      cost_micros: 160,
    });
    const shown = await s.world.call("GET", `/v1/messages/${message.id}`);
    expect(await shown.json()).toMatchObject({ deliveries: [{ attempts: [{ route: { policy_id: id, cost_micros: 160 } }] }] });
  });

  test("follows a change of the policies with the next pack, and a policy that is switched off not at all", async () => {
    const { s, sent, two, three } = await routed();
    const id = await policy(s, { connections: [two] });
    await deliverNow(s);
    await s.world.call("PATCH", `/v1/routing-policies/${id}`, { body: { rules: [ruleOf({}, { connections: [three] })] } });
    await deliverNow(s);
    await s.world.call("PATCH", `/v1/routing-policies/${id}`, { body: { enabled: false } });
    await deliverNow(s);
    expect(sent).toEqual([SENDERS[1], SENDERS[2], SENDERS[0]]);
  });

  test("fails over within its route, after the answers that the rule says", async () => {
    const { s, sent, two, three } = await routed((c) => (c.from === SENDERS[1] ? no(400, "MessageRejected") : yes()));
    await policy(s, { connections: [two, three], fail_over_on: ["permanent"] });
    const message = await s.read(await deliverNow(s));
    expect(sent).toEqual([SENDERS[1], SENDERS[2]]);
    expect(message).toMatchObject({
      status: "sent",
      deliveries: [{ attempts: [{ failed_over: true }, { connection_id: three }] }],
    });
  });

  test("fails where the rule allows only connections that are not there, and goes nowhere else", async () => {
    const { s, sent, two } = await routed();
    await policy(s, { connections: [two], only: true }, { channel: "email" });
    await s.world.call("PATCH", `/v1/connections/${two}`, { body: { enabled: false } });
    const message = await s.read(await deliverNow(s));
    expect(sent).toEqual([]);
    expect(message).toMatchObject({ status: "failed", deliveries: [{ attempts: [] }] });
    expect(message.log.at(-1)).toMatchObject({ type: "failed", code: "no_route" });
  });

  test("of a test key meets the sandbox, whatever the policies say", async () => {
    const { s, sent, two } = await routed();
    await policy(s, { connections: [two], only: true }, { channel: "email" });
    expect(await s.read(await deliverNow(s, 1, { mode: "test" }))).toMatchObject({ status: "sent" });
    expect(sent).toEqual([]);
  });

  test("passes over a connection that is out of use, however cheap it is", async () => {
    const { s, sent, two } = await routed((c) => (c.from === SENDERS[1] ? no(503, "ServiceUnavailable") : yes()));
    await s.world.call("PATCH", `/v1/connections/${two}`, { body: { prices: { default: 0 } } });
    await policy(s, { strategy: "cheapest" });
    await deliverNow(s, 10);
    sent.length = 0;
    await deliverNow(s, 10);
    expect(countOf(sent, SENDERS[1])).toBe(0);
    expect(sent).toHaveLength(10);
  });

  test("goes over the connection that fails least, as soon as one fails", async () => {
    let isDown = false;
    const { s, sent } = await routed((c) => (isDown && c.from === SENDERS[0] ? no(503, "ServiceUnavailable") : yes()));
    await policy(s, { strategy: "most_reliable" });
    for (let i = 0; i < 3; i++) await deliverNow(s);
    expect(sent).toEqual([SENDERS[0], SENDERS[0], SENDERS[0]]);
    isDown = true;
    await deliverNow(s);
    sent.length = 0;
    for (let i = 0; i < 3; i++) await deliverNow(s);
    expect(countOf(sent, SENDERS[0])).toBe(0);
  });
});

describe("a cap", () => {
  test("of a day is filled exactly, the rest goes over the next connection, and the next day begins anew", async () => {
    const { s, sent, one } = await routed();
    await policy(s, { caps: [{ connection_id: one, per_day: 7 }] });
    await deliverNow(s, 5);
    await deliverNow(s, 5);
    expect([countOf(sent, SENDERS[0]), countOf(sent, SENDERS[1])]).toEqual([7, 3]);
    await deliverNow(s, 5);
    expect(countOf(sent, SENDERS[0])).toBe(7);
    setClock(s, START + 86_400_000);
    await deliverNow(s, 5);
    expect(countOf(sent, SENDERS[0])).toBe(12);
  });

  test("gives back what a pack took and did not use", async () => {
    const { s, sent, one, two } = await routed();
    await policy(s, { caps: [{ connection_id: one, per_day: 10 }] });
    await s.world.call("PATCH", `/v1/connections/${one}`, { body: { limits: { concurrency: 1 } } });
    await s.world.call("PATCH", `/v1/connections/${two}`, { body: { enabled: false } });
    for (let i = 0; i < 10; i++) await deliverNow(s, 1);
    expect(countOf(sent, SENDERS[0])).toBe(10);
    await deliverNow(s, 1);
    expect(sent.at(-1)).toBe(SENDERS[2]);
  });

  test("of every connection that may carry it is waited for, which the delivery says, and no message is lost or doubled", async () => {
    const { s, sent, one } = await routed();
    await policy(s, { connections: [one], only: true, caps: [{ connection_id: one, per_minute: 4 }] }, { channel: "email" });
    const first = await deliverNow(s, 10);
    expect(sent).toHaveLength(4);
    const { results } = await shardOf(s.deps)
      .prepare("SELECT deliveries FROM messages WHERE tenant_id = ? AND id >= ? AND status = 'queued'")
      .bind(s.world.tenantId, first)
      .all<{ deliveries: string }>();
    expect(results).toHaveLength(6);
    expect(results.every((row) => row.deliveries.includes('"waiting_for":"capped"'))).toBe(true);
    for (let minute = 1; minute < 5 && sent.length < 10; minute++) {
      setClock(s, START + minute * 70_000);
      await s.ring(s.bells.splice(0));
      expect(sent.length).toBeLessThanOrEqual(4 * (minute + 1));
    }
    expect(sent).toHaveLength(10);
    expect(new Set(s.carried).size).toBe(10);
  });
});

describe("a connection without room", () => {
  test("is waited for, and with overflow passed over", async () => {
    const { s, sent, one } = await routed();
    await s.world.call("PATCH", `/v1/connections/${one}`, { body: { limits: { rate_per_second: 2 } } });
    const id = await policy(s, { strategy: "priority" });
    await deliverNow(s, 5);
    expect(sent).toEqual([SENDERS[0], SENDERS[0]]);
    setClock(s, START + 60_000);
    s.bells.length = 0;
    await s.world.call("PATCH", `/v1/routing-policies/${id}`, {
      body: { rules: [ruleOf({}, { strategy: "priority", overflow: true })] },
    });
    sent.length = 0;
    await deliverNow(s, 5);
    expect([countOf(sent, SENDERS[0]), countOf(sent, SENDERS[1])]).toEqual([2, 3]);
  });
});

describe("policies", () => {
  test("are read once in ten seconds, by any number of deliveries, whether there are some or none", async () => {
    const { s } = await routed();
    let reads = 0;
    const control = new Proxy(s.deps.control, {
      get(db, property) {
        if (property !== "prepare") return Reflect.get(db, property, db) as unknown;
        return (sql: string) => {
          if (sql.includes("routing_policies")) reads += 1;
          return db.prepare(sql);
        };
      },
    });
    const deps = { ...s.deps, control };
    const subject = {
      messageId: "msg_1",
      channel: "email",
      destination: "a@example.com",
      category: null,
      priority: "normal",
      tags: [],
    } as const;
    forgetPolicies(s.world);
    await Promise.all(Array.from({ length: 50 }, () => routeOf(deps, s.world, subject, [], s.clock.now)));
    s.clock.now += 9_999;
    await routeOf(deps, s.world, subject, [], s.clock.now);
    expect(reads).toBe(1);
    s.clock.now += 1;
    await routeOf(deps, s.world, subject, [], s.clock.now);
    expect(reads).toBe(2);
  });

  test("are explained with every rule that was asked and every connection, also those that lost", async () => {
    const { s, one, two, three } = await routed();
    await policy(s, { connections: [three] }, { category: ["otp"] }, 1);
    const id = await policy(
      s,
      { connections: [two], only: true, canary: { connection_id: one, percent: 0 } },
      { channel: "email" },
    );
    const candidates = await candidatesOf(s.deps, s.world, "live", "email");
    const subject = {
      messageId: "msg_1",
      channel: "email",
      destination: "a@example.com",
      category: null,
      priority: "normal",
      tags: [],
    } as const;
    const explained = await explainRouteOf(s.deps, s.world, subject, candidates, { now: START });
    expect(explained).toMatchObject({
      policy_id: id,
      rule: 0,
      asked: [{ missed: "category" }, { policy_id: id, missed: null }],
      order: [
        { by: "connections", assessment: { connection_id: two, cost_micros: 160, success_rate: 0.95 } },
        { by: "canary", assessment: { connection_id: one } },
      ],
      left_out: [{ connection_id: three }],
    });
  });
});
