import { expect, test } from "vitest";
import type { Signal } from "../contract/jobs.ts";
import { no, SHARD, START, shardOf, stage, submission, yes } from "../testing/stage.ts";
import type { World } from "../testing/world.ts";
import { deliver } from "./deliver.ts";
import type { Deps } from "./deps.ts";
import { plan } from "./plan.ts";
import { record } from "./record.ts";
import { sweep } from "./sweep.ts";

const runAll = <T>(job: () => Promise<T>) => job();

test("carries once when the bell rings twice at the same time", async () => {
  const s = await stage(yes);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await Promise.all([s.ring(), s.ring(), s.ring()]);
  expect(s.carried).toHaveLength(1);
  await s.ring();
  expect(s.carried).toHaveLength(1);
  expect(await s.read(sub.first)).toMatchObject({ status: "sent", deliveries: [{ phase: "sent" }] });
});

test("planning the same messages again, grouped otherwise, sends none of them twice", async () => {
  const s = await stage(yes);
  const [a, b, c] = [submission(s.world), submission(s.world), submission(s.world)];
  await plan(s.deps, s.world.tenantId, [a, b]);
  const firstBells = [...s.bells];
  await plan(s.deps, s.world.tenantId, [b, c]);
  await s.ring(firstBells);
  await plan(s.deps, s.world.tenantId, [a]);
  await s.ring();
  expect(s.carried).toHaveLength(3);
  expect(new Set(s.carried).size).toBe(3);
});

test("a failed ring is made good by the sweep", async () => {
  const s = await stage(yes);
  const sub = submission(s.world);
  const deaf: Deps = {
    ...s.deps,
    log: () => undefined,
    ringer: {
      ...s.deps.ringer,
      ring: async () => {
        throw new Error("queue is away");
      },
    },
  };
  await plan(deaf, s.world.tenantId, [sub]);
  expect(s.bells).toHaveLength(0);
  expect(await sweep(s.deps, s.world.tenantId)).toBe(1);
  expect(s.bells).toHaveLength(0); // its own bell may still come
  s.clock.now += 31_000;
  expect(await sweep(s.deps, s.world.tenantId)).toBe(1);
  await s.ring();
  expect(await s.read(sub.first)).toMatchObject({ status: "sent" });
  expect(await sweep(s.deps, s.world.tenantId)).toBe(0);
});

test("a passing failure comes back on its own bell, and ends well", async () => {
  let tries = 0;
  const s = await stage(() => (++tries < 3 ? no(429, "TooManyRequestsException") : yes()));
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  for (let i = 0; i < 3; i++) {
    await s.ring(s.bells.splice(0));
    s.clock.now += 600_000;
  }
  const message = await s.read(sub.first);
  expect(message.status).toBe("sent");
  expect(message.deliveries[0]?.attempts.map((a) => a.outcome)).toEqual(["throttled", "throttled", "sent"]);
  expect(message.log.map((e) => e.type)).toEqual([
    "queued",
    "attempted",
    "deferred",
    "attempted",
    "deferred",
    "attempted",
    "sent",
  ]);
  expect(new Set(s.carried).size).toBe(3);
});

test("a project's own policy sets the next try: the channel's, before the project's, before the default", async () => {
  const s = await stage(() => no(429, "TooManyRequestsException"));
  // One byte is the jitter: as late as it allows. More than one are ids.
  const deps: Deps = { ...s.deps, random: (n) => (n === 1 ? new Uint8Array([255]) : s.deps.random(n)) };
  const policy = (steps_seconds: number[]) => ({ steps_seconds, cap_seconds: 3600, total_seconds: 86_400 });
  const waits = async () => {
    await plan(deps, s.world.tenantId, [submission(s.world)]);
    await deliver(deps, s.world.tenantId, SHARD, s.bells.splice(0), runAll);
    const [again] = s.bells.splice(0);
    const row = await shardOf(deps)
      .prepare("SELECT due_at FROM packs WHERE id = ?")
      .bind(again?.pack)
      .first<{ due_at: number }>();
    return ((row?.due_at ?? 0) - s.clock.now) / 1000;
  };
  const set = async (settings: object) => {
    const answer = await s.world.call("PATCH", `/v1/projects/${s.world.projectId}`, { body: { settings } });
    expect(answer.status).toBe(200);
  };
  expect(await waits()).toBe(10);
  await set({ retry: policy([1]) });
  expect(await waits()).toBe(1);
  await set({ retry_by_channel: { email: policy([20]), sms: policy([3000]) } });
  expect(await waits()).toBe(20);
  await set({ retry_by_channel: { email: null } });
  expect(await waits()).toBe(1);
});

test("a project's total is when a delivery is given up", async () => {
  const s = await stage(() => no(429, "TooManyRequestsException"));
  const retry = { steps_seconds: [1], cap_seconds: 3600, total_seconds: 60 };
  await s.world.call("PATCH", `/v1/projects/${s.world.projectId}`, { body: { settings: { retry } } });
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  s.clock.now += 60_000;
  await s.ring(s.bells.splice(0));
  expect(await s.read(sub.first)).toMatchObject({ status: "failed", deliveries: [{ phase: "failed" }] });
});

test("a permanent no ends in one dead letter with the attempt and the reason", async () => {
  const s = await stage(() => no(400, "MessageRejected"));
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring();
  await s.ring();
  expect(await s.read(sub.first)).toMatchObject({ status: "failed" });
  const { results } = await shardOf(s.deps)
    .prepare("SELECT message_id, state, code FROM dead_letters WHERE tenant_id = ?")
    .bind(s.world.tenantId)
    .all();
  expect(results).toEqual([{ message_id: sub.first, state: "open", code: expect.stringContaining("MessageRejected") }]);
});

test("a holder that dies between the fetch and the record leaves the message in doubt, not lost and not resent at once", async () => {
  let alive = true;
  const s = await stage(() => {
    if (alive) throw new Error("the process dies here");
    return yes();
  });
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  // Dies after the claim: neither outcome nor acknowledgement.
  const dying: Deps = { ...s.deps, carrier: { carry: () => new Promise(() => undefined) } };
  void deliver(dying, s.world.tenantId, SHARD, s.bells, runAll);
  await until(async () => (await leaseOf(s.deps, s.world)) !== null);
  alive = false;

  await s.ring();
  expect(s.carried).toHaveLength(0); // the lease still speaks for the dead
  s.clock.now += 46_000;
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(0);
  expect(await s.read(sub.first)).toMatchObject({ status: "queued", deliveries: [{ phase: "unknown" }] });

  s.clock.now += 61_000;
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(1);
  expect(await s.read(sub.first)).toMatchObject({ status: "sent" });
});

test("a message that kills every process that holds it ends in the dead letters", async () => {
  const s = await stage(yes);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  const dying: Deps = { ...s.deps, carrier: { carry: () => new Promise(() => undefined) } };
  // Each death takes a lease, and the doubt that follows it.
  for (let i = 0; i < 20; i++) {
    void deliver(dying, s.world.tenantId, SHARD, s.bells, runAll);
    await until(async () => (await leaseOf(s.deps, s.world)) !== null || (await s.read(sub.first)).status === "failed");
    s.clock.now += 120_000;
  }
  await until(async () => (await s.read(sub.first)).status === "failed");
  const { results } = await shardOf(s.deps)
    .prepare("SELECT code FROM dead_letters WHERE tenant_id = ?")
    .bind(s.world.tenantId)
    .all();
  expect(results).toEqual([{ code: "consumer_crashed" }]);
  expect(await sweep(s.deps, s.world.tenantId)).toBe(0);
});

test("in doubt with at_most_once is given up, and says why", async () => {
  const s = await stage(() => ({ kind: "unknown", reason: "no answer within 10000 ms" }));
  const base = submission(s.world);
  await plan(s.deps, s.world.tenantId, [{ ...base, order: { ...base.order, delivery: "at_most_once" } }]);
  await s.ring();
  expect(await s.read(base.first)).toMatchObject({ status: "failed", deliveries: [{ phase: "unknown" }] });
  expect(s.carried).toHaveLength(1);
});

test("the provider's own word settles a doubt: nothing is sent again", async () => {
  const s = await stage(() => ({ kind: "unknown", reason: "connection lost" }));
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(sub.first)).toMatchObject({ deliveries: [{ phase: "unknown" }] });
  await record(s.deps, s.world.tenantId, SHARD, [
    { message_id: sub.first, key: "ses:delivery", type: "delivered", at: s.clock.now },
  ]);
  s.clock.now += 61_000;
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(1);
  expect(await s.read(sub.first)).toMatchObject({ status: "delivered" });
});

test("outcomes are written also where the database fails for a while after the provider's yes", async () => {
  let failures = 3;
  const s = await stage(yes);
  const real = shardOf(s.deps);
  const flaky = new Proxy(real, {
    get(target, property) {
      if (property !== "batch") return Reflect.get(target, property).bind(target);
      return async (statements: D1PreparedStatement[]) => {
        if (s.carried.length > 0 && failures-- > 0) throw new Error("D1 is away");
        return target.batch(statements);
      };
    },
  });
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  const deps: Deps = { ...s.deps, shards: [flaky, flaky], log: () => undefined };
  await deliver(deps, s.world.tenantId, SHARD, s.bells, runAll);
  expect(await s.read(sub.first)).toMatchObject({ status: "sent" });
  expect(s.carried).toHaveLength(1);
});

test("a store that is away costs no try: the message waits and goes", async () => {
  const s = await stage(yes);
  const sub = submission(s.world, { order: { request_id: "req_1", template_id: "tpl_gone", template_version: 1 } });
  await plan(s.deps, s.world.tenantId, [sub]);
  const broken: Deps = {
    ...s.deps,
    log: () => undefined,
    control: new Proxy(s.deps.control, {
      get() {
        throw new Error("D1 is away");
      },
    }),
  };
  await deliver(broken, s.world.tenantId, SHARD, s.bells.splice(0), runAll);
  expect(await s.read(sub.first)).toMatchObject({ status: "queued", deliveries: [{ phase: "waiting", attempts: [] }] });
  expect(s.bells).toHaveLength(1);
});

test("what expires before its turn is never sent", async () => {
  const s = await stage(yes);
  const sub = submission(s.world, { expires_at: START + 1000 });
  await plan(s.deps, s.world.tenantId, [sub]);
  s.clock.now += 1000;
  await s.ring();
  expect(s.carried).toHaveLength(0);
  expect(await s.read(sub.first)).toMatchObject({ status: "expired" });
});

test("one message that cannot be rendered does not take its pack along", async () => {
  const s = await stage(yes);
  const bad = submission(s.world, {
    order: { request_id: "req_1", content: { email: { subject: "{{ missing.name }}", text: "x" } } },
  });
  const good = submission(s.world);
  await plan(s.deps, s.world.tenantId, [bad, good]);
  expect(s.bells).toHaveLength(1);
  await s.ring();
  expect((await s.read(bad.first)).status).toBe("failed");
  expect((await s.read(good.first)).status).toBe("sent");
});

test("signals may come twice and in any order: the status never moves back, and no event stands twice", async () => {
  const s = await stage(yes);
  const sub = submission(s.world);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring();
  const at = s.clock.now;
  const opened: Signal = { message_id: sub.first, key: "o1", type: "opened", at };
  const delivered: Signal = { message_id: sub.first, key: "d1", type: "delivered", at };
  const late: Signal = { message_id: sub.first, key: "s1", type: "sent", at };
  for (const pack of [[opened], [delivered, opened], [late], [delivered]]) await record(s.deps, s.world.tenantId, SHARD, pack);
  const message = await s.read(sub.first);
  expect(message.status).toBe("delivered");
  expect(message.log.map((e) => e.type)).toEqual(["queued", "attempted", "sent", "opened", "delivered", "sent"]);
});

async function leaseOf(deps: Deps, world: World): Promise<string | null> {
  const row = await shardOf(deps)
    .prepare("SELECT lease FROM packs WHERE tenant_id = ?")
    .bind(world.tenantId)
    .first<{ lease: string | null }>();
  return row?.lease ?? null;
}

async function until(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) if (await check()) return;
  throw new Error("it never came true");
}
