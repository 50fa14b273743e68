import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fitness } from "../core/breaker.ts";
import type { Submission } from "../core/message.ts";
import { type RoutingRule, type RuleThen, type RuleWhen, ruleOf } from "../core/routing-rule.ts";
import { commit } from "../db/commit.ts";
import { routingPoliciesOf } from "../db/control/routing-policies.ts";
import { type Stage, scriptedHealth, stage, submission, yes } from "../testing/stage.ts";
import type { Deps } from "./deps.ts";
import { plan } from "./plan.ts";
import { forgetPolicies } from "./project-policies.ts";
import { rehearse } from "./rehearse.ts";
import { suppress } from "./suppress.ts";

/** Rows of every table of every database. */
async function rowsOf({ control, shards }: Deps): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [i, db] of [control, ...shards].entries()) {
    const { results } = await db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'")
      .all<{ name: string }>();
    for (const { name } of results) {
      counts[`${i}.${name}`] = (await db.prepare(`SELECT COUNT(*) AS n FROM "${name}"`).first<number>("n")) ?? 0;
    }
  }
  return counts;
}

let policies = 0;
async function setPolicy({ deps, world }: Stage, rules: readonly RoutingRule[]): Promise<void> {
  const kept = routingPoliciesOf(deps.control, world);
  await commit(deps.control, [
    ...(await kept.list()).map(({ id }) => kept.remove(id)),
    kept.insert({
      id: `rtp_${++policies}`,
      name: "Any",
      position: 1,
      enabled: true,
      rules: JSON.stringify(rules),
      createdAt: 0,
      updatedAt: 0,
      createdBy: "test",
    } as Parameters<typeof kept.insert>[0]),
  ]);
  forgetPolicies(world);
}

const SENDERS = ["a@acme.example", "b@acme.example", "c@acme.example"];

test("what is rehearsed is what is sent: the same connection, for the same reason, with the same content, whatever the policies and the health", async () => {
  const standing = new Map<string, Fitness>();
  const records = new Map<string, { ok: number; failed: number; latencyMs: number }>();
  const { health } = scriptedHealth(
    (id) => standing.get(id) ?? { kind: "fit" },
    (id) => records.get(id) ?? { ok: 0, failed: 0, latencyMs: null },
  );
  const posted: { from: string; subject: string; text: string }[] = [];
  const s = await stage(
    yes,
    {
      health,
      carrier: {
        async carry(request) {
          const { FromEmailAddress: from, Content } = (await request.json()) as {
            FromEmailAddress: string;
            Content: { Simple: { Subject: { Data: string }; Body: { Text: { Data: string } } } };
          };
          posted.push({ from, subject: Content.Simple.Subject.Data, text: Content.Simple.Body.Text.Data });
          return yes();
        },
      },
    },
    SENDERS,
  );
  const ids = s.connections;
  const seen = { go: 0, routed: 0, wait: 0, stop: 0, none: 0 };
  const some = fc.subarray([...ids], { minLength: 1 }).chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));
  const when = fc.record<RuleWhen>(
    {
      category: fc.constantFrom(["otp"], ["news"]),
      priority: fc.constantFrom(["normal"] as const, ["high"] as const),
      percent: fc.nat(100),
      time: fc.constantFrom({ from: "00:00", to: "06:00", timezone: "UTC" }, { from: "06:00", to: "00:00", timezone: "UTC" }),
    },
    { requiredKeys: [] },
  );
  const then: fc.Arbitrary<RuleThen> = fc.oneof(
    fc.record({ connections: some, only: fc.boolean() }),
    fc.record({ strategy: fc.constantFrom("cheapest", "most_reliable", "fastest", "priority"), overflow: fc.boolean() }),
    fc.record({
      strategy: fc.constant("weighted" as const),
      weights: fc
        .tuple(...ids.map(() => fc.integer({ min: 1, max: 9 })))
        .map((w) => Object.fromEntries(ids.map((id, i) => [id, w[i] ?? 1]))),
    }),
    fc.record({ connections: some, canary: fc.record({ connection_id: fc.constantFrom(...ids), percent: fc.nat(100) }) }),
  );
  const rules = fc.array(
    fc.tuple(when, then).map(([w, t]) => ruleOf(w, t)),
    { maxLength: 3 },
  );
  const unfit = { kind: "unfit", until: s.clock.now + 60_000, code: "open", reason: "" } as const;
  const sick = fc.constantFrom<Fitness>({ kind: "fit" }, { kind: "probe" }, unfit, unfit);
  const record = fc.record({ ok: fc.nat(50), failed: fc.nat(20), latencyMs: fc.integer({ min: 10, max: 3000 }) });
  await fc.assert(
    fc.asyncProperty(
      rules,
      fc.tuple(...ids.map(() => fc.tuple(sick, record))),
      fc.record(
        { category: fc.constantFrom("otp", "news"), priority: fc.constantFrom("normal", "high") },
        { requiredKeys: ["priority"] },
      ),
      fc.string({ maxLength: 20 }),
      async (list, states, facts, name) => {
        await setPolicy(s, list);
        for (const [i, id] of ids.entries()) {
          standing.set(id, states[i]?.[0] ?? { kind: "fit" });
          const known = states[i]?.[1];
          if (known) records.set(id, known);
        }
        const base = submission(s.world, facts as Partial<Submission>);
        const content = { email: { subject: "Hi {{ name }}", text: "Dear {{ name }}, it is {{ 'now' | date: '%Y' }}." } };
        const sub: Submission = { ...base, order: { ...base.order, content, variables: { name } } };
        posted.length = 0;
        const [said] = await rehearse(s.deps, s.world, sub, s.clock.now);
        expect(posted).toEqual([]);
        // It goes over RPC.
        expect(structuredClone(said)).toEqual(said);
        await plan(s.deps, s.world.tenantId, [sub]);
        await s.ring(s.bells.splice(0));
        const done = await s.read(sub.first);
        const [delivery] = said?.deliveries ?? [];
        const [sent] = done.deliveries;
        seen[delivery?.verdict ?? "none"] += 1;
        if (delivery?.policy_id != null) seen.routed += 1;
        if (done.status === "sent") {
          const attempt = sent?.attempts.at(-1);
          expect(delivery).toMatchObject({ verdict: "go", connection_id: attempt?.connection_id, cost_micros: 160 });
          const chosen = delivery?.candidates.find((c) => c.connection_id === attempt?.connection_id);
          const usable = delivery?.candidates.filter((c) => c.verdict === "fit" || c.verdict === "probe");
          expect(usable?.[0]).toBe(chosen);
          if (attempt?.route === undefined) expect(delivery).toMatchObject({ policy_id: null, rule: null });
          else {
            const { policy_id, rule, why, score, strategy, cost_micros } = attempt.route;
            expect(delivery).toMatchObject({ policy_id, rule, cost_micros });
            expect(chosen).toMatchObject({ by: strategy, why, score });
          }
          const { subject, text } = (delivery?.envelope ?? {}) as { subject?: string; text?: string };
          expect([posted.map((p) => p.from), posted.map((p) => p.subject), posted.map((p) => p.text)]).toEqual([
            [SENDERS[ids.indexOf(attempt?.connection_id ?? "")]],
            [subject],
            [text],
          ]);
        } else if (done.status === "queued") {
          expect(delivery).toMatchObject({ verdict: "wait", code: sent?.waiting_for, connection_id: null });
        } else {
          expect(delivery).toMatchObject({ verdict: "stop", code: done.log.at(-1)?.code, connection_id: null });
        }
      },
    ),
    { numRuns: 80, seed: 20 },
  );
  // Or it would show nothing.
  expect([seen.go > 20, seen.routed > 10, seen.wait > 5], JSON.stringify(seen)).toEqual([true, true, true]);
});

test("a rehearsal writes no row, rings no bell, and asks no limit, probe or provider", async () => {
  const asked: string[] = [];
  const never = (name: string) => async () => {
    asked.push(name);
    throw new Error(name);
  };
  const { health } = scriptedHealth(() => ({ kind: "probe" }));
  const s = await stage(yes, {
    health: { ...health, probe: never("probe"), flush: never("flush"), note: () => void asked.push("note") },
    lessor: { take: never("take") },
    ringer: { ring: never("ring"), signal: never("signal") },
    carrier: { carry: never("carry") },
    outboundLimits: { email: { rate_per_second: 1 } },
  });
  await setPolicy(s, [ruleOf({}, { strategy: "cheapest", caps: [{ connection_id: s.connections[0] ?? "", per_minute: 1 }] })]);
  const before = await rowsOf(s.deps);
  const base = submission(s.world, {}, 3);
  const said = await rehearse(s.deps, s.world, { ...base, order: { ...base.order, dedupe_window_seconds: 60 } }, s.clock.now);
  expect(said.map((m) => m.deliveries[0]?.verdict)).toEqual(["go", "go", "go"]);
  expect(asked).toEqual([]);
  expect(await rowsOf(s.deps)).toEqual(before);
});

test("a duplicate is told with the message that stands for it, also within one send; nobody takes the key", async () => {
  const s = await stage(yes);
  const base = submission(s.world);
  const order = { ...base.order, dedupe_window_seconds: 600 };
  const [to] = base.to;
  if (to === undefined) throw new Error("no recipient");
  const twice = { ...submission(s.world, { order, to: [to, to] }) };
  const verdicts = async (sub: Submission) =>
    (await rehearse(s.deps, s.world, sub, s.clock.now)).map((m) => m.gates.find((g) => g.gate === "duplicate"));
  expect(await verdicts(twice)).toMatchObject([{ verdict: "pass" }, { verdict: "stop", input: { first: null } }]);
  await plan(s.deps, s.world.tenantId, [{ ...base, order }]);
  expect(await verdicts(twice)).toMatchObject([
    { verdict: "stop", input: { first: base.first } },
    { verdict: "stop", input: { first: base.first } },
  ]);
  s.clock.now += 600_000;
  const later = submission(s.world, { order, due_at: s.clock.now });
  expect(await verdicts(later)).toMatchObject([{ verdict: "pass" }]);
});

test("the time that is rehearsed does not stay behind in what is kept in memory", async () => {
  const s = await stage(yes, {}, SENDERS);
  const [, b = "", c = ""] = s.connections;
  await setPolicy(s, [ruleOf({}, { connections: [b] })]);
  const chosen = async (at: number) =>
    (await rehearse(s.deps, s.world, submission(s.world, { due_at: at }), at))[0]?.deliveries[0]?.connection_id;
  expect(await chosen(s.clock.now + 86_400_000)).toBe(b);
  await setPolicyQuietly(s, [ruleOf({}, { connections: [c] })]);
  expect(await chosen(s.clock.now)).toBe(b);
  s.clock.now += 11_000;
  expect(await chosen(s.clock.now)).toBe(c);
});

/** As another isolate would change it: this one is not told. */
async function setPolicyQuietly({ deps, world }: Stage, rules: readonly RoutingRule[]): Promise<void> {
  const kept = routingPoliciesOf(deps.control, world);
  const [row] = await kept.list();
  await commit(deps.control, [kept.update(row?.id ?? "", { rules: JSON.stringify(rules) })]);
}

test("an address on the suppression list stops its message, and hands its turn to the next address of a plan", async () => {
  const s = await stage(yes);
  await suppress(s.deps, s.world.tenantId, [
    {
      channel: "email",
      destination: "u0@example.com",
      reason: "bounce",
      source: "provider:ses",
      projectId: null,
      messageId: null,
    },
  ]);
  const base = submission(s.world, {}, 2);
  const [held, free] = await rehearse(s.deps, s.world, base, s.clock.now);
  expect(held?.gates.find((g) => g.verdict === "stop")).toMatchObject({ gate: "suppressed", code: "bounce" });
  expect(held?.deliveries).toEqual([]);
  expect(free?.deliveries[0]).toMatchObject({ verdict: "go" });
  const one = submission(s.world, {
    order: { ...base.order, plan: { mode: "first", until: "delivered", after_seconds: 300 } },
    to: [{ channel: "email", destination: "u0@example.com", also: [{ channel: "email", destination: "u9@example.com" }] }],
  });
  const [planned] = await rehearse(s.deps, s.world, one, s.clock.now);
  expect(planned).toMatchObject({
    destination: "u9@example.com",
    deliveries: [{ n: 0, destination: "u9@example.com", verdict: "go" }],
  });
  expect(planned?.gates).toContainEqual(expect.objectContaining({ gate: "suppressed", verdict: "note", code: "suppressed" }));
});

test("a plan is rehearsed address by address, each at the time of its turn: at once where the one before cannot go", async () => {
  const s = await stage(yes);
  const email = (destination: string) => ({ channel: "email" as const, destination });
  const base = submission(s.world);
  const sub: Submission = {
    ...base,
    expires_at: s.clock.now + 500_000,
    order: { ...base.order, plan: { mode: "escalate", until: "opened", after_seconds: 300 } },
    to: [
      {
        channel: "sms",
        destination: "+447700900123",
        also: [email("a@example.com"), email("b@example.com"), email("c@example.com")],
      },
    ],
  };
  const [said] = await rehearse(s.deps, s.world, sub, s.clock.now);
  const at = (seconds: number) => s.clock.now + seconds * 1000;
  expect(said?.deliveries).toMatchObject([
    { n: 0, verdict: "stop", code: "no_content", at: at(0) },
    { n: 1, verdict: "go", at: at(0) },
    { n: 2, verdict: "go", at: at(300) },
    { n: 3, verdict: "stop", code: "expired", at: at(600) },
  ]);
});
