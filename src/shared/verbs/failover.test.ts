import { expect, test } from "vitest";
import type { Fitness } from "../core/breaker.ts";
import type { Permits } from "../ports/lessor.ts";
import { no, START, scriptedHealth, shardOf, stage, submission, yes } from "../testing/stage.ts";
import { plan } from "./plan.ts";

const SENDERS = ["one@acme.example", "two@acme.example", "three@acme.example"];
const answersOf = (table: Record<string, () => ReturnType<typeof yes>>) => (c: { from: string }) => (table[c.from] ?? yes)();

test("a refusal that may pass goes to the next connection at once, and is recorded as failed over", async () => {
  const s = await stage(answersOf({ "one@acme.example": () => no(503, "ServiceUnavailable") }), {}, SENDERS);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  const message = await s.read(sub.first);
  expect(message.status).toBe("sent");
  expect(message.deliveries[0]?.attempts).toMatchObject([
    { n: 1, connection_id: s.connections[0], outcome: "transient", failed_over: true },
    { n: 2, connection_id: s.connections[1], outcome: "sent" },
  ]);
  expect(message.deliveries[0]?.attempts[1]?.failed_over).toBeUndefined();
  expect(message.log.map((e) => [e.type, e.code])).toEqual([
    ["queued", undefined],
    ["attempted", undefined],
    ["deferred", "failed_over"],
    ["attempted", undefined],
    ["sent", undefined],
  ]);
  expect(s.bells).toHaveLength(0);
});

test("what failed over is durable before the next connection is asked", async () => {
  const seen: unknown[] = [];
  const sub: { first: string } = { first: "" };
  const s = await stage(
    async (c) => {
      if (c.from === SENDERS[0]) return no(503, "ServiceUnavailable");
      const row = await shardOf(s.deps)
        .prepare("SELECT deliveries FROM messages WHERE id = ?")
        .bind(sub.first)
        .first<{ deliveries: string }>();
      seen.push(JSON.parse(row?.deliveries ?? "[]")[0].attempts.length);
      return yes();
    },
    {},
    SENDERS,
  );
  Object.assign(sub, submission(s.world));
  await plan(s.deps, s.world.tenantId, [{ ...submission(s.world), first: sub.first }]);
  await s.ring();
  expect(seen).toEqual([1]);
});

test("a permanent no and a dead address do not fail over, unless the project says so", async () => {
  const s = await stage(answersOf({ "one@acme.example": () => no(400, "MessageRejected") }), {}, SENDERS);
  const first = submission(s.world);
  await plan(s.deps, s.world.tenantId, [first]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(first.first)).toMatchObject({ status: "failed", deliveries: [{ attempts: [{ outcome: "permanent" }] }] });
  const settings = { fail_over_on: ["transient", "permanent"] };
  expect((await s.world.call("PATCH", `/v1/projects/${s.world.projectId}`, { body: { settings } })).status).toBe(200);
  const second = submission(s.world);
  await plan(s.deps, s.world.tenantId, [second]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(second.first)).toMatchObject({ status: "sent" });
});

test("an answer that never came is not failed over: the message may have gone out", async () => {
  const s = await stage((c) => (c.from === SENDERS[0] ? { kind: "unknown", reason: "timeout" } : yes()), {}, SENDERS);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(1);
  expect(await s.read(sub.first)).toMatchObject({ status: "queued", deliveries: [{ phase: "unknown" }] });
});

test("where every connection refuses, the wait is that of one try, and the next round asks all of them again", async () => {
  const s = await stage(() => no(503, "ServiceUnavailable"), {}, SENDERS);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(3);
  expect(s.bells).toHaveLength(1);
  const [pack] = s.bells;
  const due = await shardOf(s.deps).prepare("SELECT due_at FROM packs WHERE id = ?").bind(pack?.pack).first<{ due_at: number }>();
  expect((due?.due_at ?? 0) - START).toBeLessThanOrEqual(11_000);
  s.clock.now += 60_000;
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(6);
  expect(new Set(s.carried).size).toBe(6);
});

test("a pack of which some fail over is settled for the others at once, and carries each once", async () => {
  let n = 0;
  const s = await stage((c) => (c.from === SENDERS[0] && n++ % 3 === 0 ? no(503, "ServiceUnavailable") : yes()), {}, SENDERS);
  const sub = submission(s.world, {}, 30);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring();
  expect(s.carried).toHaveLength(40);
  const { results } = await shardOf(s.deps)
    .prepare("SELECT status, COUNT(*) AS n FROM messages WHERE tenant_id = ? GROUP BY status")
    .bind(s.world.tenantId)
    .all();
  expect(results).toEqual([{ status: "sent", n: 30 }]);
  expect(
    await shardOf(s.deps).prepare("SELECT COUNT(*) AS n FROM packs WHERE tenant_id = ?").bind(s.world.tenantId).first(),
  ).toEqual({
    n: 0,
  });
});

test("the sandbox never stands in for a provider that failed", async () => {
  const s = await stage(() => no(503, "ServiceUnavailable"));
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring();
  const message = await s.read(sub.first);
  expect(message.status).toBe("queued");
  expect(message.deliveries[0]?.attempts.map((a) => a.provider)).toEqual(["ses"]);
});

test("a holder that dies while it fails over leaves what the first said, and the message in doubt", async () => {
  const s = await stage(
    (c) => (c.from === SENDERS[0] ? no(503, "ServiceUnavailable") : new Promise<never>(() => undefined)),
    {},
    SENDERS,
  );
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  const bells = s.bells.splice(0);
  void s.ring(bells); // its process dies with the second fetch under way
  while (s.carried.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  s.clock.now += 46_000;
  await s.ring(bells);
  expect(s.carried).toHaveLength(2);
  expect(await s.read(sub.first)).toMatchObject({
    status: "queued",
    deliveries: [{ phase: "unknown", crashes: 1, attempts: [{ outcome: "transient", failed_over: true }] }],
  });
});

test("an open connection is passed over; where all are open, the message waits, says why, and uses up no try", async () => {
  const fitness = new Map<string, Fitness>();
  const { health, noted } = scriptedHealth((id) => fitness.get(id) ?? { kind: "fit" });
  const s = await stage(yes, { health }, SENDERS.slice(0, 2));
  const [one = "", two = ""] = s.connections;
  const open = (until: number): Fitness => ({ kind: "unfit", until, code: "http_500", reason: "down" });
  fitness.set(one, open(START + 60_000));
  const first = submission(s.world);
  await plan(s.deps, s.world.tenantId, [first]);
  await s.ring(s.bells.splice(0));
  expect((await s.read(first.first)).deliveries[0]?.attempts).toMatchObject([{ connection_id: two, outcome: "sent" }]);
  expect(noted).toEqual([{ connectionId: two, outcome: { kind: "ok" } }]);

  fitness.set(two, open(START + 30_000));
  const second = submission(s.world);
  await plan(s.deps, s.world.tenantId, [second]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(second.first)).toMatchObject({
    status: "queued",
    deliveries: [{ phase: "waiting", waiting_for: "connections_open", attempts: [] }],
  });
  // It comes when the first of them may be tried, and waits again without another word while it may not.
  s.clock.now = START + 30_000;
  fitness.set(two, open(START + 90_000));
  const events = (await s.read(second.first)).log.length;
  await s.ring(s.bells.splice(0));
  expect((await s.read(second.first)).log).toHaveLength(events);
  fitness.clear();
  s.clock.now = START + 90_000;
  await s.ring(s.bells.splice(0));
  const message = await s.read(second.first);
  expect(message).toMatchObject({ status: "sent", deliveries: [{ attempts: [{ n: 1 }] }] });
  expect(message.deliveries[0]?.waiting_for).toBeUndefined();
});

test("a message that waits for an open connection still expires", async () => {
  const { health } = scriptedHealth(() => ({ kind: "unfit", until: START + 3_600_000, code: "x", reason: "down" }));
  const s = await stage(yes, { health });
  const sub = submission(s.world, { expires_at: START + 5000 });
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  s.clock.now = START + 5000;
  await s.ring(s.bells.splice(0));
  expect(await s.read(sub.first)).toMatchObject({ status: "expired" });
});

test("answers are told to the connection's health: what is the message's fault is none of its own", async () => {
  const answers = [
    no(400, "MessageRejected"),
    no(503, "ServiceUnavailable"),
    no(429, "TooManyRequestsException"),
    no(403, "AccessDeniedException"),
  ];
  const { health, noted } = scriptedHealth();
  const s = await stage(() => answers.shift() ?? yes(), { health });
  for (let i = 0; i < 5; i++) {
    await plan(s.deps, s.world.tenantId, [submission(s.world)]);
    await s.ring(s.bells.splice(0));
  }
  expect(noted.map((n) => n.outcome.kind)).toEqual(["ok", "failed", "throttled", "misconfigured", "ok"]);
});

test("who gets no permit waits without a word, and permits that were not used are given back", async () => {
  const released: number[] = [];
  let left = 3;
  const take = async (_: unknown, want: number): Promise<Permits> => {
    const granted = Math.min(left, want);
    left -= granted;
    return { granted, retryAfterMs: 2000, release: async (unused) => void released.push(unused) };
  };
  const s = await stage(yes, { lessor: { take } });
  const limits = { rate_per_second: 3 };
  const patched = await s.world.call("PATCH", `/v1/connections/${s.connections[0]}`, { body: { limits } });
  expect(patched.status, await patched.clone().text()).toBe(200);
  const sub = submission(s.world, {}, 5);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(3);
  expect(released).toEqual([0]);
  expect(s.bells).toHaveLength(1);
  left = 10;
  s.clock.now += 2000;
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(5);
  expect(released).toEqual([0, 0]);
  const { results } = await shardOf(s.deps)
    .prepare("SELECT log FROM messages WHERE tenant_id = ?")
    .bind(s.world.tenantId)
    .all<{ log: string }>();
  for (const { log } of results) {
    expect((JSON.parse(log) as { type: string }[]).map((e) => e.type)).toEqual(["queued", "attempted", "sent"]);
  }
});

test("a pack that keeps killing its holders is taken apart, so that the poison dies alone", async () => {
  const s = await stage(yes);
  // Test messages meet the sandbox, which may be repeated without a doubt: nothing keeps the crash from coming again.
  const sub = submission(s.world, { mode: "test" }, 3);
  await plan(s.deps, s.world.tenantId, [sub]);
  const db = shardOf(s.deps);
  const die = () =>
    db
      .prepare("UPDATE packs SET lease = 'dead', lease_until = ?1, claims = claims + 1 WHERE tenant_id = ?2")
      .bind(START, s.world.tenantId)
      .run();
  await die();
  await die();
  s.clock.now += 1000;
  await s.ring(s.bells.splice(0));
  const { results } = await db
    .prepare("SELECT refs FROM packs WHERE tenant_id = ?")
    .bind(s.world.tenantId)
    .all<{ refs: string }>();
  expect(results.map(({ refs }) => (JSON.parse(refs) as unknown[]).length)).toEqual([1, 1, 1]);
  s.clock.now += 1000;
  await s.ring(s.bells.splice(0));
  expect((await s.read(sub.first)).status).toBe("sent");
});
