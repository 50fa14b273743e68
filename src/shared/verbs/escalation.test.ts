import { expect, test } from "vitest";
import type { Plan, Submission } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import { no, SHARD, type Stage, shardOf, stage, submission, yes } from "../testing/stage.ts";
import { plan } from "./plan.ts";
import { record } from "./record.ts";

/** An email first, then another address, then an SMS to the sandbox. */
function planned(s: Stage, p: Plan): Submission {
  const base = submission(s.world);
  return {
    ...base,
    order: { ...base.order, content: { ...base.order.content, sms: { text: "Hi" } }, plan: p },
    to: [
      {
        channel: "email",
        destination: "ada@example.com",
        also: [
          { channel: "email", destination: "ada@work.example" },
          { channel: "sms", destination: "+447700900123" },
        ],
      },
    ],
  };
}
const first: Plan = { mode: "first", until: "delivered", after_seconds: 300 };
const escalate: Plan = { mode: "escalate", until: "opened", after_seconds: 600 };

async function on(s: Stage, seconds: number) {
  s.clock.now += seconds * 1000;
  await s.ring();
}
const phases = async (s: Stage, id: string) => (await s.read(id)).deliveries.map((d) => d.phase);

test("first: the next address has its turn where the one before was refused for good; the message fails only with the last", async () => {
  const s = await stage(() => no(400, "MessageRejected"));
  const sub = planned(s, first);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(sub.first)).toMatchObject({ status: "queued" });
  expect(await phases(s, sub.first)).toEqual(["failed", "held", "held"]);
  await on(s, 1);
  await on(s, 1);
  expect(await phases(s, sub.first)).toEqual(["failed", "failed", "sent"]);
  expect(await s.read(sub.first)).toMatchObject({ status: "sent" });
  const letters = await shardOf(s.deps)
    .prepare("SELECT COUNT(*) AS n FROM dead_letters WHERE message_id = ?")
    .bind(sub.first)
    .first();
  expect(letters).toEqual({ n: 0 });
});

test("first: one that went out is the end, unless it bounces in the time that bounces take", async () => {
  const s = await stage(yes);
  const [good, bad] = [planned(s, first), planned(s, first)];
  await plan(s.deps, s.world.tenantId, [good, bad]);
  await s.ring(s.bells.splice(0));
  await record(s.deps, s.world.tenantId, SHARD, [
    { message_id: bad.first, key: "b", type: "bounced", at: s.clock.now, delivery: 0 },
  ]);
  expect((await s.read(bad.first)).status).toBe("failed");
  await on(s, 300);
  expect(await phases(s, good.first)).toEqual(["sent", "skipped", "held"]);
  expect(await phases(s, bad.first)).toEqual(["sent", "sent", "held"]);
  expect(s.carried).toHaveLength(3);
});

test("escalate: the next channel has its turn in time, until somebody opens", async () => {
  const s = await stage(yes);
  const sub = planned(s, escalate);
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  await on(s, 599);
  expect(await phases(s, sub.first)).toEqual(["sent", "held", "held"]);
  await record(s.deps, s.world.tenantId, SHARD, [
    { message_id: sub.first, key: "d", type: "delivered", at: s.clock.now, delivery: 0 },
  ]);
  await on(s, 1);
  expect(await phases(s, sub.first)).toEqual(["sent", "sent", "held"]);
  await record(s.deps, s.world.tenantId, SHARD, [
    { message_id: sub.first, key: "o", type: "opened", at: s.clock.now, delivery: 1 },
  ]);
  await on(s, 600);
  expect(await phases(s, sub.first)).toEqual(["sent", "sent", "skipped"]);
  expect(await s.read(sub.first)).toMatchObject({ status: "delivered" });
});

test("an escalation stops where the message is cancelled, and no step of it is made twice", async () => {
  const s = await stage(yes);
  const sub = planned(s, escalate);
  await plan(s.deps, s.world.tenantId, [sub]);
  const bells = s.bells.splice(0);
  await Promise.all([s.ring(bells), s.ring(bells)]);
  expect(s.bells).toHaveLength(1);
  const next = s.bells.splice(0);
  s.clock.now += 600_000;
  await Promise.all([s.ring(next), s.ring(next), s.ring(bells)]);
  expect(s.carried).toHaveLength(2);
  await shardOf(s.deps).prepare("UPDATE messages SET status = 'cancelled' WHERE id = ?").bind(sub.first).run();
  await on(s, 600);
  expect(await phases(s, sub.first)).toEqual(["sent", "sent", "held"]);
});

test("a channel that is refused passes its turn on at once; one that went out before keeps the message sent", async () => {
  let n = 0;
  const s = await stage((): Carried => (n++ === 0 ? yes() : no(400, "MessageRejected")));
  const base = planned(s, escalate);
  const sub = { ...base, to: base.to.map((to) => ({ ...to, also: to.also?.slice(0, 1) ?? [] })) };
  await plan(s.deps, s.world.tenantId, [sub]);
  await s.ring(s.bells.splice(0));
  await on(s, 600);
  expect(await phases(s, sub.first)).toEqual(["sent", "failed"]);
  expect(await s.read(sub.first)).toMatchObject({ status: "sent" });
});

test("smart: what an address shows in its time decides where it stands the next time", async () => {
  const s = await stage(yes);
  const smart: Plan = { mode: "escalate", until: "opened", after_seconds: 600, learned: true };
  const two = () => {
    const base = planned(s, smart);
    return { ...base, to: base.to.map((to) => ({ ...to, also: to.also?.slice(0, 1) ?? [] })) };
  };
  // The address at work is answered every time, the other never.
  for (let i = 0; i < 12; i++) {
    const sub = two();
    await plan(s.deps, s.world.tenantId, [sub]);
    await s.ring(s.bells);
    const [first] = (await s.read(sub.first)).deliveries;
    if (first?.destination === "ada@work.example") {
      await record(s.deps, s.world.tenantId, SHARD, [
        { message_id: sub.first, key: "o", type: "opened", at: s.clock.now, delivery: 0 },
      ]);
    }
    await on(s, 600);
  }
  const { results } = await shardOf(s.deps)
    .prepare("SELECT key, tried, answered FROM engagement WHERE tenant_id = ? ORDER BY key")
    .bind(s.world.tenantId)
    .all<{ key: string; tried: number; answered: number }>();
  expect(results[0]).toMatchObject({ key: "email", tried: 12 });
  const of = (address: string) => results.find((r) => r.key === `email:${address}`) ?? { tried: 0, answered: 0 };
  expect(of("ada@example.com").answered).toBe(0);
  expect(of("ada@work.example").answered).toBe(of("ada@work.example").tried);
  expect(of("ada@work.example").tried).toBeGreaterThan(of("ada@example.com").tried);
  const last = two();
  await plan(s.deps, s.world.tenantId, [last]);
  const { deliveries, recipient } = await s.read(last.first);
  expect(recipient).toBe("ada@work.example");
  expect(deliveries[0]?.likelihood).toBeGreaterThan(deliveries[1]?.likelihood ?? 1);
});
