import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { DEFAULT_ABUSE, type Watched } from "../core/abuse.ts";
import { messageIdAt } from "../core/ids.ts";
import { gateName } from "../core/placement.ts";
import type { AcceptRequest } from "../ports/gate.ts";
import { eventually, makeWorld, OPERATOR_KEY, testDeps, type World } from "../testing/world.ts";
import { judgeKey } from "./judge-key.ts";
import { noteFailures } from "./note-failures.ts";

const FAR = Date.UTC(2040, 0, 1);
const MINUTE = 60_000;
/** A connection that is no sandbox: where it is, somebody can be bothered. */
const REAL = {
  channel: "sms",
  provider: "twilio",
  name: "Real",
  settings: { from: "+15005550006" },
  credentials: { account_sid: `AC${"0".repeat(32)}`, auth_token: "0".repeat(32) },
};

afterEach(() => void vi.useRealTimers());

interface Stage extends World {
  readonly keyId: string;
  /** Has `count` messages accepted by a gate, and answers their ids. */
  accept(count: number, over?: { shard?: number; keyId?: string; watched?: Watched | null }): Promise<string[]>;
  standing(keyId?: string): Promise<string[]>;
  row(keyId?: string): Promise<{ suspended_at: number | null; suspended_reason: string | null }>;
  notices(): Promise<{ subject: string; details: Record<string, unknown> }[]>;
}

async function stage({ gateShards = 1, real = true } = {}): Promise<Stage> {
  const world = await makeWorld({ gateShards, deps: { log: () => undefined } });
  const { deps, tenantId } = world;
  if (real) expect((await world.call("POST", "/v1/connections", { body: REAL })).status).toBe(201);
  const { data } = (await (await world.call("GET", "/v1/keys")).json()) as { data: { id: string; mode: string }[] };
  const keyId = data.find(({ mode }) => mode === "live")?.id ?? "";
  return {
    ...world,
    keyId,
    async accept(count, over = {}) {
      const watched = over.watched === undefined ? { ...DEFAULT_ABUSE, gateShards } : over.watched;
      const [result] = await deps.gate(tenantId, over.shard ?? 0).accept([request(over.keyId ?? keyId, count, watched)]);
      const item = result?.kind === "accepted" ? result.items[0] : undefined;
      if (item?.kind !== "accepted") throw new Error(`not accepted: ${JSON.stringify(result)}`);
      return Array.from({ length: count }, (_, i) => messageIdAt(item.first, i));
    },
    standing: async (id = keyId) =>
      (await Promise.all(Array.from({ length: gateShards }, (_, shard) => deps.gate(tenantId, shard).standings([id])))).flat(),
    async row(id = keyId) {
      const found = deps.control.prepare("SELECT suspended_at, suspended_reason FROM api_keys WHERE tenant_id = ? AND id = ?");
      const row = await found.bind(tenantId, id).first<Awaited<ReturnType<Stage["row"]>>>();
      if (!row) throw new Error("no such key");
      return row;
    },
    async notices() {
      const response = await world.call("GET", "/v1/notices?type=key.suspended", { key: world.testKey });
      return ((await response.json()) as { data: Awaited<ReturnType<Stage["notices"]>> }).data;
    },
  };
}

function request(keyId: string, count: number, watched: Watched | null): AcceptRequest {
  const text = JSON.stringify({
    project_id: "prj_1",
    mode: "live",
    priority: "normal",
    accepted_at: 1000,
    due_at: FAR,
    expires_at: null,
    order: { request_id: "req_1", key_id: keyId, content: { sms: { text: "t" } } },
    to: Array.from({ length: count }, () => ({ channel: "sms", destination: "+447700900123" })),
  }).slice(1);
  return {
    requestId: "req_1",
    keyId,
    limits: { tenant: { ratePerSecond: 1e6, burst: 1e6 }, key: null, monthlyMessages: null, criticalExempt: true },
    critical: false,
    dbShards: [0],
    idempotency: null,
    echo: "",
    items: [{ lane: "standard", dueAt: FAR, count, text, dedupe: null, line: null } as AcceptRequest["items"][number]],
    ...(watched === null ? {} : { watched }),
  };
}

/** Sets the clock of this isolate, where the gates live too. */
function clockAt(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(ms);
}

const failed = (world: Stage, ids: readonly string[], keyId = world.keyId) =>
  noteFailures(
    world.deps,
    world.tenantId,
    ids.map((messageId) => ({ messageId, keyId })),
  );

test("a key whose messages mostly fail is suspended at every gate, once, and the tenant is told why", async () => {
  const world = await stage({ gateShards: 3 });
  const ids = await Promise.all([0, 1, 2].map((shard) => world.accept(100, { shard })));
  await failed(
    world,
    ids.flatMap((mine) => mine.slice(0, 66)),
  );
  expect((await world.row()).suspended_at, "198 of 300 are not enough").toBeNull();
  await Promise.all(ids.map((mine) => failed(world, mine.slice(66, 70))));
  const row = await eventually(async () => ((await world.row()).suspended_at === null ? false : world.row()));
  expect(row.suspended_reason).toBe("failure_spike");
  await eventually(async () => (await world.standing()).every((one) => one === "suspended"));
  const [notice, ...others] = await world.notices();
  expect(others).toEqual([]);
  expect(notice).toMatchObject({ subject: world.keyId, details: { reason: "failure_spike", messages: 300 } });
  expect(notice?.details.failed).toBeGreaterThanOrEqual(200);
  const audit = world.deps.control.prepare("SELECT action, actor FROM audit WHERE tenant_id = ? AND target = ?");
  expect((await audit.bind(world.tenantId, world.keyId).all()).results).toEqual([{ action: "key.suspended", actor: "system" }]);
  expect((await world.call("GET", "/v1/keys")).status).toBe(403);
  // What was accepted before stays.
  expect(await world.deps.gate(world.tenantId, 0).find(ids[0]?.[0] ?? "")).not.toBeNull();
});

/** A stage whose gates have been counting for forty minutes, and the time it is now. */
async function longStage(options: Parameters<typeof stage>[0] = {}): Promise<{ world: Stage; toNow: () => void }> {
  const now = Date.now();
  clockAt(now - 40 * MINUTE);
  return { world: await stage(options), toNow: () => clockAt(now) };
}

test("a key that suddenly sends far more than ever is suspended, durably; what came with the suspicion is accepted", async () => {
  const { world, toNow } = await longStage();
  await world.accept(10);
  toNow();
  await world.accept(4999);
  expect((await world.row()).suspended_at).toBeNull();
  const [last = ""] = await world.accept(1);
  vi.useRealTimers();
  await eventually(async () => (await world.standing())[0] === "suspended");
  expect(await world.row()).toMatchObject({ suspended_reason: "rate_spike" });
  expect(await world.notices()).toMatchObject([
    { details: { reason: "rate_spike", messages: 5000, average_per_minute: 0.25, rate_factor: 20 } },
  ]);
  expect(await world.deps.gate(world.tenantId, 0).find(last)).not.toBeNull();
  const gates = (env as unknown as { TENANT_GATE: DurableObjectNamespace }).TENANT_GATE;
  await evictDurableObject(gates.getByName(gateName(world.tenantId, 0)));
  expect(await world.standing()).toEqual(["suspended"]);
});

test("a spike at one gate that is none for all gates together is none", async () => {
  const { world, toNow } = await longStage({ gateShards: 2 });
  const { id: alone } = (await (await world.call("POST", "/v1/keys", { body: { name: "b", mode: "live" } })).json()) as {
    id: string;
  };
  // Both come rarely to gate 0; one of them has much traffic at gate 1.
  for (const keyId of [world.keyId, alone]) await world.accept(1, { keyId });
  for (let i = 0; i < 4; i++) await world.accept(5000, { shard: 1 });
  toNow();
  for (const keyId of [world.keyId, alone]) await world.accept(6000, { keyId });
  vi.useRealTimers();
  await eventually(async () => (await world.standing(alone)).every((one) => one === "suspended"));
  expect(await world.standing()).toEqual(["good", "good"]);
  const { tally } = await world.deps.gate(world.tenantId, 0).countsOf(world.keyId);
  expect(tally?.minutes.at(-1)?.accepted, "gate 0 has seen the same of both").toBe(6000);
});

test("a resumed key begins anew: what it did before is not held against it", async () => {
  const world = await stage();
  const ids = await world.accept(300);
  await failed(world, ids.slice(0, 250));
  await eventually(async () => (await world.standing())[0] === "suspended");
  const operator = `/admin/tenants/${world.tenantId}/keys/${world.keyId}/resume`;
  expect((await world.call("POST", operator, { key: OPERATOR_KEY })).status).toBe(200);
  expect(await world.standing()).toEqual(["good"]);
  await world.accept(10);
  await failed(world, ids.slice(250));
  await judgeKey(world.deps, world.tenantId, world.keyId, Date.now());
  expect(await world.standing()).toEqual(["good"]);
  const { tally } = await world.deps.gate(world.tenantId, 0).countsOf(world.keyId);
  expect(tally?.minutes).toMatchObject([{ accepted: 10, failed: 10 }]);
});

test.each([
  [
    "a test key",
    async (world: Stage) => {
      const { data } = (await (await world.call("GET", "/v1/keys")).json()) as { data: { id: string; mode: string }[] };
      return data.find(({ mode }) => mode === "test")?.id ?? "";
    },
  ],
  [
    "a tenant whose operator has switched it off",
    async (world: Stage) => {
      const body = { abuse: { enabled: false } };
      expect((await world.call("PATCH", `/admin/tenants/${world.tenantId}`, { key: OPERATOR_KEY, body })).status).toBe(200);
      return world.keyId;
    },
  ],
  ["a key of nobody", async () => "key_00000000000000000000000000"],
])("%s is never suspended, whatever its gate says", async (_, keyOf) => {
  const world = await stage();
  const keyId = await keyOf(world);
  await failed(world, await world.accept(300, { keyId }), keyId);
  await judgeKey(world.deps, world.tenantId, keyId, Date.now());
  expect(await world.standing(keyId)).toEqual(["good"]);
});

test("a project that has nothing but sandboxes bothers nobody, and is never suspended", async () => {
  const world = await stage({ real: false });
  await failed(world, await world.accept(300));
  await judgeKey(world.deps, world.tenantId, world.keyId, Date.now());
  expect(await world.standing()).toEqual(["good"]);
});

test("the operator says how much is too much", async () => {
  const world = await stage();
  const change = async (abuse: object) => {
    const path = `/admin/tenants/${world.tenantId}`;
    return ((await (await world.call("PATCH", path, { key: OPERATOR_KEY, body: { abuse } })).json()) as { abuse: object }).abuse;
  };
  expect(await change({ failure_percent: 90 })).toEqual({ enabled: true, rate_factor: 20, failure_percent: 90 });
  // What is left out stays as it was set.
  expect(await change({ rate_factor: 7 })).toEqual({ enabled: true, rate_factor: 7, failure_percent: 90 });
  const ids = await world.accept(300);
  await failed(world, ids.slice(0, 269));
  await judgeKey(world.deps, world.tenantId, world.keyId, Date.now());
  expect(await world.standing()).toEqual(["good"]);
  await failed(world, ids.slice(269, 270));
  await judgeKey(world.deps, world.tenantId, world.keyId, Date.now());
  expect(await world.standing()).toEqual(["suspended"]);
});

test("what test keys send is not counted, and what live keys send is, by the API's own door", async () => {
  const world = await stage();
  const body = {
    to: [{ channel: "sms", destination: "+447700900123" }],
    content: { sms: { text: "t" } },
    schedule_at: "2040-01-01T00:00:00Z",
  };
  const sent = await world.call("POST", "/v1/send", { body });
  const [id = ""] = ((await sent.json()) as { message_ids: string[] }).message_ids;
  expect((await world.call("POST", "/v1/send", { body, key: world.testKey })).status).toBe(202);
  const gate = world.deps.gate(world.tenantId, 0);
  expect((await gate.countsOf(world.keyId)).tally?.minutes).toMatchObject([{ accepted: 1, failed: 0 }]);
  const [, testKeyId] = ((await (await world.call("GET", "/v1/keys")).json()) as { data: { id: string; mode: string }[] }).data
    .sort((a, b) => (a.mode < b.mode ? -1 : 1))
    .map((key) => key.id);
  expect((await gate.countsOf(testKeyId ?? "")).tally).toBeNull();
  // The order says whose it is, so that its failure can be told.
  expect((await gate.find(id))?.order.key_id).toBe(world.keyId);
});

test("failures are told in one call a gate, and none costs nothing; a gate that cannot be told is no failure", async () => {
  const base = testDeps();
  const calls: number[] = [];
  const lines: string[] = [];
  const deps = {
    gate: (_: string, shard: number) => ({
      ...base.gate("ten_1", shard),
      noteFailures: async (all: readonly unknown[]) => {
        calls.push(all.length);
        throw new Error("no gate");
      },
    }),
    log: (line: { event: string }) => void lines.push(line.event),
  };
  await noteFailures(deps, "ten_1", []);
  await noteFailures(deps, "ten_1", [{ messageId: "no id", keyId: "key_1" }, { messageId: `msg_${"0".repeat(26)}` }]);
  expect(calls).toEqual([]);
  const pack = Array.from({ length: 50 }, () => ({ messageId: `msg_${"0".repeat(26)}`, keyId: "key_1" }));
  await noteFailures(deps, "ten_1", pack);
  expect([calls, lines]).toEqual([[50], ["failures_not_noted"]]);
});
