import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { newId } from "../../src/shared/core/ids.ts";
import { gateName } from "../../src/shared/core/placement.ts";
import type { Gate } from "../../src/shared/ports/gate.ts";
import { eventually, makeWorld, OPERATOR_KEY, type World } from "../../src/shared/testing/world.ts";
import type { TenantGate } from "./index.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;

/** Bulk packs of the tenant in every database, due for long, that nobody claims, since no bell was rung for them. */
async function press(world: World): Promise<void> {
  const now = world.deps.now();
  const packs = Array.from({ length: 450 }, () => newId("pak", now, world.deps.random));
  for (const db of world.deps.shards) {
    await db
      .prepare(
        `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at)
         SELECT ?1, value, 'sms', 'bulk', '[]', ?2, ?2 FROM json_each(?3)`,
      )
      .bind(world.tenantId, now, JSON.stringify(packs))
      .run();
  }
}

async function relieve(world: World): Promise<void> {
  for (const db of world.deps.shards) {
    await db.prepare("DELETE FROM packs WHERE tenant_id = ?1 AND refs = '[]'").bind(world.tenantId).run();
  }
}

async function batch(world: World, count: number, more: object = {}): Promise<Response> {
  return world.call("POST", "/v1/batch", {
    body: {
      content: { sms: { text: "Hi" } },
      priority: "low",
      recipients: Array.from({ length: count }, (_, i) => ({ channel: "sms", destination: `+4477009${10_000 + i}` })),
      ...more,
    },
  });
}

async function problemOf(response: Response): Promise<{ status: number; code: string; retryAfter: number }> {
  const { code } = (await response.json()) as { code: string };
  return { status: response.status, code, retryAfter: Number(response.headers.get("retry-after")) };
}

async function notices(world: World) {
  const { results } = await world.deps.control
    .prepare("SELECT type, subject, details FROM notices WHERE tenant_id = ? ORDER BY id")
    .bind(world.tenantId)
    .all<{ type: string; subject: string; details: string }>();
  return results.map((row) => ({ ...row, details: JSON.parse(row.details) as Record<string, unknown> }));
}

function gateOf(world: World): { stub: DurableObjectStub<TenantGate>; gate: Gate; waiting: () => Promise<number> } {
  const stub = namespace.getByName(gateName(world.tenantId, 0));
  const gate = world.deps.gate(world.tenantId, 0);
  return { stub, gate, waiting: async () => (await gate.stats()).backlog.bulk };
}

/** Three batches of 500, of which the gate plans the first and holds back the others. Then the operator sets the limit. */
async function heldBack(world: World, backlogMessages?: number): Promise<ReturnType<typeof gateOf>> {
  await press(world);
  const held = gateOf(world);
  for (let i = 0; i < 3; i++) expect((await batch(world, 500)).status).toBe(202);
  await eventually(async () => (await held.waiting()) === 1000);
  if (backlogMessages !== undefined) await limit(world, backlogMessages);
  return held;
}

async function limit(world: World, backlogMessages: number): Promise<void> {
  const body = { limits: { backlog_messages: backlogMessages } };
  expect((await world.call("PATCH", `/admin/tenants/${world.tenantId}`, { key: OPERATOR_KEY, body })).status).toBe(200);
}

test("while too many packs wait the gate holds back, and goes on by itself once they are gone", async () => {
  const world = await makeWorld();
  const { stub, waiting } = await heldBack(world);
  // The alarm stands behind the pause.
  expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).not.toBeNull();
  expect(await waiting()).toBe(1000);
  await relieve(world);
  await eventually(async () => (await waiting()) === 0);
});

test("a gate that dies in the middle of a pause loses nothing: the alarm plans once, and pauses anew", async () => {
  const world = await makeWorld();
  await heldBack(world);
  await abortAllDurableObjects();
  const { stub, waiting } = gateOf(world);
  expect(await waiting()).toBe(1000);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await waiting()).toBe(500);
  expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).not.toBeNull();
  await relieve(world);
  await eventually(async () => (await waiting()) === 0);
});

test("critical and high messages of the same tenant pass while its bulk is held back", async () => {
  const world = await makeWorld();
  const { gate, waiting } = await heldBack(world);
  for (const priority of ["critical", "high"]) expect((await batch(world, 1, { priority })).status).toBe(202);
  await eventually(async () => (await gate.stats()).backlog.express === 0);
  expect(await waiting()).toBe(1000);
});

test("a full backlog refuses low, then normal, then high, never critical, and stores nothing of what it refused", async () => {
  const world = await makeWorld();
  const { gate, waiting } = await heldBack(world, 300);
  const headers = { "idempotency-key": "refused" };
  const send = (priority: string, more: object = {}) =>
    world.call("POST", "/v1/send", {
      headers,
      body: { to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "Hi" } }, priority, ...more },
    });
  for (const priority of ["low", "normal"]) {
    const refused = await problemOf(await send(priority));
    expect(refused).toMatchObject({ status: 503, code: "backlog_full" });
    expect(refused.retryAfter).toBeGreaterThanOrEqual(1);
    expect(refused.retryAfter).toBeLessThanOrEqual(300);
  }
  // Neither the message, nor the key, nor a token of the bucket is taken.
  expect(await waiting()).toBe(1000);
  expect((await gate.stats()).held).toBe(1000);
  // 1000 is under four times 300; the key that was refused twice with other bodies is as good as new.
  const taken = await send("high");
  expect([taken.status, taken.headers.get("idempotent-replayed")]).toEqual([202, null]);
  expect((await batch(world, 3, { priority: "critical" })).status).toBe(202);
});

test("a batch is refused as a whole where one of its sends would be", async () => {
  const world = await makeWorld();
  await heldBack(world, 300);
  const { gate } = gateOf(world);
  const one = (priority: string) => ({
    to: [{ channel: "sms", destination: "+447700900123" }],
    content: { sms: { text: "Hi" } },
    priority,
  });
  const mixed = await world.call("POST", "/v1/batch", { body: { sends: [one("critical"), one("low")] } });
  expect(await problemOf(mixed)).toMatchObject({ status: 503, code: "backlog_full" });
  expect((await gate.stats()).held).toBe(1000);
});

test("what is scheduled neither counts nor is refused until it is nearly due", async () => {
  const world = await makeWorld({ limits: { backlogMessages: 300 } });
  const { waiting } = gateOf(world);
  const later = { schedule_at: "2040-01-01T00:00:00Z" };
  expect((await batch(world, 900, later)).status).toBe(202);
  expect((await batch(world, 1)).status).toBe(202);
  await eventually(async () => (await waiting()) === 0);
  await limit(world, 10_000);
  await heldBack(world, 300);
  expect((await batch(world, 1, later)).status).toBe(202);
  expect((await batch(world, 1, { schedule_at: new Date(Date.now() + 5000).toISOString() })).status).toBe(503);
});

test("a replay is answered as before while its priority is refused", async () => {
  const world = await makeWorld();
  await heldBack(world);
  const again = () =>
    world.call("POST", "/v1/send", {
      headers: { "idempotency-key": "kept" },
      body: { to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "Hi" } }, priority: "low" },
    });
  const first = (await (await again()).json()) as { message_ids: string[] };
  await limit(world, 300);
  expect((await batch(world, 1)).status).toBe(503);
  const replay = await again();
  expect([replay.status, replay.headers.get("idempotent-replayed")]).toEqual([202, "true"]);
  expect(((await replay.json()) as { message_ids: string[] }).message_ids).toEqual(first.message_ids);
});

test("the tenant is told once when it is refused and once when it is over, also where the gate dies between", async () => {
  const world = await makeWorld();
  await heldBack(world, 300);
  for (let i = 0; i < 3; i++) expect((await batch(world, 1)).status).toBe(503);
  await eventually(async () => (await notices(world)).length === 1);
  await abortAllDurableObjects();
  const { stub, waiting } = gateOf(world);
  expect((await batch(world, 1)).status).toBe(503);
  await runDurableObjectAlarm(stub);
  expect(await notices(world)).toMatchObject([
    { type: "backlog.shedding", subject: "bulk", details: { refused_above: 300, waiting: { bulk: 1000 }, gate_shard: 0 } },
  ]);
  await relieve(world);
  await eventually(async () => (await waiting()) === 0);
  await runDurableObjectAlarm(stub);
  await runDurableObjectAlarm(stub);
  expect((await notices(world)).map(({ type }) => type)).toEqual(["backlog.shedding", "backlog.recovered"]);
  expect((await batch(world, 1)).status).toBe(202);
});
