import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PriceTable } from "./price.ts";
import { decide, explainRoute } from "./routing.ts";
import { factsOf } from "./routing-facts.ts";
import { type RouteFacts, type RoutingPolicy, type RuleThen, type RuleWhen, ruleOf } from "./routing-rule.ts";
import type { RouteConnection } from "./routing-score.ts";
import { STRATEGIES } from "./routing-words.ts";
import { NOTHING_RECENT } from "./track-record.ts";

const NOW = Date.UTC(2026, 10, 20, 12); // a Friday
const facts = (over: Partial<RouteFacts> = {}): RouteFacts => ({
  channel: "sms",
  category: null,
  priority: "normal",
  tags: [],
  country: "GB",
  recipientHash: "0a1b2c3d",
  messageId: "msg_1",
  parts: 1,
  ...over,
});
const usd = (amount: number): PriceTable => ({ currency: "USD", per: "part", default: amount });
const connection = (id: string, over: Partial<RouteConnection> = {}): RouteConnection => ({
  id,
  priority: 100,
  prices: usd(0.01),
  recent: NOTHING_RECENT,
  isOut: false,
  ...over,
});
const policy = (then: RuleThen, when: RuleWhen = {}, id = "rtp_1"): RoutingPolicy => ({ id, rules: [ruleOf(when, then)] });
const ids = (policies: readonly RoutingPolicy[], connections: readonly RouteConnection[], over: Partial<RouteFacts> = {}) =>
  decide(policies, facts(over), connections, NOW).order.map((c) => c.assessment.connection_id);

const [A, B, C] = [connection("a", { priority: 1 }), connection("b", { priority: 2 }), connection("c", { priority: 3 })];

describe("which rule decides", () => {
  test("without a policy, and where no rule holds, connections go by their priority", () => {
    expect(ids([], [C, A, B])).toEqual(["a", "b", "c"]);
    const decision = decide([policy({ connections: ["c"] }, { channel: "email" })], facts(), [C, A, B], NOW);
    expect(decision).toMatchObject({ policy_id: null, rule: null, fail_over_on: null, overflow: false, caps: [] });
    expect(decision.order.map((c) => [c.assessment.connection_id, c.by])).toEqual([
      ["a", "priority"],
      ["b", "priority"],
      ["c", "priority"],
    ]);
  });

  test("the first rule that holds, over policies in their order", () => {
    const first: RoutingPolicy = {
      id: "rtp_1",
      rules: [
        ruleOf({ category: ["otp"] }, { connections: ["b"] }),
        ruleOf({ country: ["GB"] }, { connections: ["c"] }, "Britain"),
      ],
    };
    const second = policy({ connections: ["b"] }, {}, "rtp_2");
    expect(decide([first, second], facts(), [A, B, C], NOW)).toMatchObject({ policy_id: "rtp_1", rule: 1, rule_name: "Britain" });
    expect(ids([first, second], [A, B, C], { category: "otp" })).toEqual(["b", "a", "c"]);
    expect(decide([first, second], facts({ country: "FR" }), [A, B, C], NOW)).toMatchObject({ policy_id: "rtp_2", rule: 0 });
  });

  test.each<[keyof RuleWhen, RuleWhen, Partial<RouteFacts>]>([
    ["channel", { channel: "sms" }, { channel: "email" }],
    ["category", { category: ["otp"] }, { category: null }],
    ["priority", { priority: ["normal", "high"] }, { priority: "low" }],
    ["country", { country: ["GB", "IE"] }, { country: null }],
    ["tags", { tags: ["x", "y"] }, { tags: ["z"] }],
  ])("%s has to hold, where it is given, and the explanation says so where it does not", (missed, when, other) => {
    const holding = { channel: "sms", category: "otp", priority: "normal", country: "GB", tags: ["y"] } as const;
    const policies = [policy({ connections: ["c"] }, when)];
    expect(ids(policies, [A, B, C], holding)[0]).toBe("c");
    const explained = explainRoute(policies, facts({ ...holding, ...other }), [A, B, C], NOW);
    expect(explained.policy_id).toBeNull();
    expect(explained.asked).toEqual([{ policy_id: "rtp_1", rule: 0, name: null, missed }]);
  });

  test.each([
    ["within its hours", { from: "09:00", to: "17:00" }, "Europe/London", NOW, true],
    ["at their end", { from: "09:00", to: "12:00" }, "Europe/London", NOW, false],
    ["by another clock", { from: "09:00", to: "17:00" }, "Asia/Tokyo", NOW, false],
    ["across midnight", { from: "22:00", to: "07:00" }, "Asia/Tokyo", NOW + 2 * 3_600_000, true],
    ["on another day", { from: "09:00", to: "17:00", days: ["mon"] as const }, "Europe/London", NOW, false],
    [
      "after the midnight of a day of its own",
      { from: "22:00", to: "07:00", days: ["fri"] as const },
      "UTC",
      NOW + 15 * 3_600_000,
      true,
    ],
    [
      "before the midnight of the day after",
      { from: "22:00", to: "07:00", days: ["fri"] as const },
      "UTC",
      NOW - 9 * 3_600_000,
      false,
    ],
    ["around the clock", { from: "00:00", to: "00:00" }, "UTC", NOW, true],
  ])("%s: %o in %s", (_, hours, timezone, at, holds) => {
    const policies = [policy({ connections: ["c"] }, { time: { ...hours, timezone } })];
    expect(decide(policies, facts(), [A, B, C], at).policy_id !== null).toBe(holds);
  });

  test("a share of recipients is that share, always the same people, and grows without losing any", () => {
    const taken = (percent: number) => {
      const policies = [policy({ connections: ["c"] }, { percent })];
      const people = Array.from({ length: 5000 }, (_, i) => factsOf(subject(`user${i}@example.com`)).recipientHash);
      return new Set(people.filter((recipientHash) => ids(policies, [A, C], { recipientHash })[0] === "c"));
    };
    const [some, more] = [taken(20), taken(50)];
    expect(some.size / 5000).toBeGreaterThan(0.18);
    expect(some.size / 5000).toBeLessThan(0.22);
    expect(more.size / 5000).toBeGreaterThan(0.475);
    expect(more.size / 5000).toBeLessThan(0.525);
    expect([...some].every((one) => more.has(one))).toBe(true);
    expect(taken(20)).toEqual(some);
    expect([taken(0).size, taken(100).size]).toEqual([0, 5000]);
  });
});

const subject = (destination: string, channel: "email" | "sms" = "email") =>
  ({ messageId: "msg_1", channel, destination, category: null, priority: "normal", tags: [] }) as const;

test("facts: the country is that of a phone number, and an SMS is priced by its parts", () => {
  expect(factsOf(subject("+447700900123", "sms"))).toMatchObject({ country: "GB", parts: 1 });
  expect(factsOf({ ...subject("+15005550006", "sms"), smsText: "x".repeat(161) })).toMatchObject({ country: "US", parts: 2 });
  expect(factsOf(subject("ada@example.co.uk")).country).toBeNull();
});

describe("strategies", () => {
  const cheap = connection("cheap", { prices: usd(0.001), recent: { ok: 100, failed: 0, latencyMs: 900 } });
  const solid = connection("solid", { prices: usd(0.02), recent: { ok: 500, failed: 0, latencyMs: 800 } });
  const quick = connection("quick", { prices: usd(0.03), recent: { ok: 100, failed: 4, latencyMs: 50 } });
  const all = [quick, solid, cheap];

  test("cheapest, fastest and most reliable each choose their own, and say why", () => {
    const first = (strategy: (typeof STRATEGIES)[number]) => decide([policy({ strategy })], facts(), all, NOW).order[0];
    expect(first("cheapest")).toMatchObject({
      assessment: { connection_id: "cheap", cost_micros: 1000, expected_micros: 1005 },
      score: 1005,
      why: "$0.001005 expected: $0.001, 99.5 % of tries go well",
    });
    expect(first("most_reliable")).toMatchObject({
      assessment: { connection_id: "solid" },
      why: "99.9 % of tries go well, 801 ms",
    });
    expect(first("fastest")).toMatchObject({ assessment: { connection_id: "quick" }, score: 69, why: "69 ms" });
  });

  test("what is cheap and fails stands behind what works, and what is out of use behind all", () => {
    const failing = connection("failing", { prices: usd(0.0001), recent: { ok: 5, failed: 5, latencyMs: 10 } });
    const free = connection("free", { prices: usd(0), isOut: true });
    for (const strategy of ["cheapest", "fastest"] as const) {
      expect(ids([policy({ strategy })], [free, failing, ...all]).slice(-2)).toEqual(["failing", "free"]);
    }
    expect(ids([policy({ strategy: "most_reliable" })], [free, ...all]).at(-1)).toBe("free");
  });

  test("by country, and what has no known price comes last of those that work", () => {
    const uk = connection("uk", { prices: { currency: "USD", per: "part", by_country: { GB: 0.0001 } } });
    expect(ids([policy({ strategy: "cheapest" })], [...all, uk])[0]).toBe("uk");
    expect(ids([policy({ strategy: "cheapest" })], [...all, uk], { country: "FR" }).at(-1)).toBe("uk");
  });

  test("what failed tries cost is counted where the price says what they cost", () => {
    const recent = { ok: 90, failed: 10, latencyMs: 100 };
    const charged = connection("charged", { recent, prices: usd(0.01) });
    const free = connection("free", { recent, prices: { ...usd(0.01), per_failed: 0 } });
    const [first, second] = decide([policy({ strategy: "cheapest" })], facts(), [charged, free], NOW).order;
    expect(first?.assessment).toMatchObject({ connection_id: "free", expected_micros: 10_000 });
    expect(second?.assessment.expected_micros).toBe(Math.round(10_000 / (99.5 / 110)));
  });

  test("weights are shares of the messages, and each message's order stays the same", () => {
    const policies = [policy({ strategy: "weighted", weights: { a: 7, b: 3 } })];
    const order = (i: number) => ids(policies, [A, B, C], { messageId: `msg_${i}` });
    const toA = Array.from({ length: 5000 }, (_, i) => order(i)).filter(([first]) => first === "a").length;
    expect(toA / 5000).toBeGreaterThan(0.675);
    expect(toA / 5000).toBeLessThan(0.725);
    expect(order(1).at(-1)).toBe("c");
    expect(order(1)).toEqual(order(1));
  });
});

describe("what else a rule says", () => {
  test("those that it does not name come after, by priority, unless it says only", () => {
    expect(ids([policy({ connections: ["c", "gone", "c"] })], [B, A, C])).toEqual(["c", "a", "b"]);
    const decision = decide([policy({ connections: ["c"], only: true })], facts(), [A, B, C], NOW);
    expect(decision.order.map((c) => c.assessment.connection_id)).toEqual(["c"]);
    expect(decision.left_out.map((a) => a.connection_id)).toEqual(["a", "b"]);
    expect(ids([policy({ strategy: "priority", among: ["c", "b"] })], [A, B, C])).toEqual(["b", "c", "a"]);
  });

  test("a canary goes first for its share of people, and last for all others", () => {
    const policies = [policy({ strategy: "priority", canary: { connection_id: "a", percent: 10 } })];
    const people = Array.from({ length: 5000 }, (_, i) => factsOf(subject(`user${i}@example.com`)).recipientHash);
    const orders = people.map((recipientHash) => ids(policies, [A, B, C], { recipientHash }));
    const first = orders.filter(([one]) => one === "a").length / 5000;
    expect(first).toBeGreaterThan(0.085);
    expect(first).toBeLessThan(0.115);
    expect(orders.every((order) => order[0] === "a" || order.at(-1) === "a")).toBe(true);
  });

  test("caps, overflow and what fails over are handed on", () => {
    const caps = [{ connection_id: "a", per_day: 5 }];
    const then: RuleThen = { caps, overflow: true, fail_over_on: ["permanent"] };
    expect(decide([policy(then)], facts(), [A, B], NOW)).toMatchObject({ caps, overflow: true, fail_over_on: ["permanent"] });
  });
});

describe("whatever the connections and the rule", () => {
  const anyConnection = fc.record({
    priority: fc.nat(3),
    price: fc.option(fc.nat(5), { nil: null }),
    ok: fc.nat(50),
    failed: fc.nat(50),
    latencyMs: fc.option(fc.nat(3000), { nil: null }),
    isOut: fc.boolean(),
  });
  const connections = fc.array(anyConnection, { minLength: 1, maxLength: 6 }).map((list) =>
    list.map(({ priority, price, ok, failed, latencyMs, isOut }, i) =>
      connection(`con_${i}`, {
        priority,
        prices: price === null ? null : usd(price / 100),
        recent: { ok, failed, latencyMs: ok === 0 ? null : latencyMs },
        isOut,
      }),
    ),
  );
  const id = fc.nat(7).map((i) => `con_${i}`);
  const anyThen: fc.Arbitrary<RuleThen> = fc.oneof(
    fc.record({ connections: fc.array(id, { maxLength: 5 }), only: fc.boolean() }),
    fc.record({
      strategy: fc.constantFrom(...STRATEGIES),
      weights: fc.dictionary(id, fc.nat(5)),
      among: fc.array(id, { maxLength: 5 }),
      canary: fc.record({ connection_id: id, percent: fc.nat(100) }),
    }),
    fc.record({ strategy: fc.constantFrom(...STRATEGIES), weights: fc.dictionary(id, fc.nat(5)) }),
  );
  const anyFacts = fc.record({ recipientHash: fc.string(), messageId: fc.string() }).map((over) => facts(over));

  test("the order does not depend on how they come, and each stands in it once or is left out", () => {
    fc.assert(
      fc.property(connections, anyThen, anyFacts, fc.nat(), (list, then, message, turn) => {
        const other = list.map((_, i) => list[(i + turn) % list.length]).filter((c) => c !== undefined);
        const [one, two] = [list, other].map((some) => decide([policy(then)], message, some, NOW));
        expect(two?.order).toEqual(one?.order);
        const seen = [...(one?.order ?? []).map((c) => c.assessment), ...(one?.left_out ?? [])].map((a) => a.connection_id);
        expect(seen.toSorted()).toEqual(list.map((c) => c.id).toSorted());
      }),
    );
  });

  test("what is worse in every respect never stands before what is better", () => {
    fc.assert(
      fc.property(connections, fc.constantFrom("cheapest", "fastest", "most_reliable", "priority"), (list, strategy) => {
        const order = decide([policy({ strategy })], facts(), list, NOW).order.map((c) => c.assessment);
        for (const [i, before] of order.entries()) {
          for (const after of order.slice(i + 1)) {
            const isDominated =
              after.priority < before.priority &&
              after.success_rate > before.success_rate &&
              after.latency_ms < before.latency_ms &&
              (after.expected_micros ?? Infinity) < (before.expected_micros ?? Infinity) &&
              Number(after.is_out) <= Number(before.is_out);
            expect(isDominated, `${strategy}: ${before.connection_id} before ${after.connection_id}`).toBe(false);
          }
        }
      }),
    );
  });

  test("cost and speed never put what is out of use before what is not", () => {
    fc.assert(
      fc.property(connections, fc.constantFrom("cheapest", "fastest", "most_reliable", "weighted"), (list, strategy) => {
        const weights = Object.fromEntries(list.map((c) => [c.id, 1]));
        const outs = decide([policy({ strategy, weights })], facts(), list, NOW).order.map((c) => c.assessment.is_out);
        expect(outs).toEqual(outs.toSorted((a, b) => Number(a) - Number(b)));
      }),
    );
  });
});
