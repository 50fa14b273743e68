import { beforeAll, describe, expect, it } from "vitest";
import type { Gate } from "../../../../src/shared/ports/gate.ts";
import { makeWorld, OPERATOR_KEY, type World } from "../../../../src/shared/testing/world.ts";

const key = OPERATOR_KEY;
let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

/** A world whose webhooks Worker answers with this status. */
const withWebhooks = (status: number) => makeWorld({ deps: { webhooks: { fetch: async () => new Response(null, { status }) } } });

interface Health {
  status: string;
  checks: { name: string; ok: boolean; latency_ms: number; detail: string }[];
}

describe("tenants", () => {
  it("are made with a project and keys that work at once", async () => {
    const made = await world.call("POST", "/admin/tenants", {
      key,
      body: { name: "Ada's", limits: { rate_per_second: 5, monthly_messages: 1000 } },
    });
    expect(made.status).toBe(201);
    const tenant = (await made.json()) as { tenant_id: string; live_key: string; test_key: string };
    for (const own of [tenant.live_key, tenant.test_key]) {
      const sent = await world.call("POST", "/v1/send", {
        key: own,
        body: { to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "Hi" } } },
      });
      expect(sent.status).toBe(202);
    }
    const listed = (await (await world.call("GET", "/admin/tenants?limit=1", { key })).json()) as { data: object[] };
    expect(listed.data).toMatchObject([
      {
        id: tenant.tenant_id,
        name: "Ada's",
        status: "active",
        limits: { rate_per_second: 5, burst: 2000, monthly_messages: 1000, critical_exempt: true },
      },
    ]);
  });

  it("are listed on pages, each once", async () => {
    await makeWorld();
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const path: string = `/admin/tenants?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const page = (await (await world.call("GET", path, { key })).json()) as {
        data: { id: string }[];
        next_cursor: string | null;
      };
      seen.push(...page.data.map((t) => t.id));
      cursor = page.next_cursor;
    }
    expect(seen).toContain(world.tenantId);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
  });

  it("are placed where the operator says, and nowhere that is not there", async () => {
    const make = (body: object) => world.call("POST", "/admin/tenants", { key, body: { name: "Placed", ...body } });
    const { tenant_id } = (await (await make({ gate_shards: 3, db_shards: [1] })).json()) as { tenant_id: string };
    const read = await world.call("GET", `/admin/tenants/${tenant_id}`, { key });
    expect(await read.json()).toMatchObject({ id: tenant_id, gate_shards: 3, db_shards: [1], status: "active" });
    for (const db_shards of [[2], [0, 99], [1, 1], []]) {
      const refused = await make({ db_shards });
      expect(refused.status).toBe(422);
      expect(((await refused.json()) as { errors: { path: string }[] }).errors[0]?.path).toMatch(/^db_shards/);
    }
  });

  it("are nothing for a tenant's own key", async () => {
    for (const path of ["/admin/tenants", "/admin/queues", "/admin/dlq", "/admin/healthz"]) {
      expect((await world.call("GET", path)).status).toBe(401);
      expect((await world.call("GET", path, { key: null })).status).toBe(401);
    }
  });
});

describe("a change of a tenant", () => {
  const patch = (w: World, body: object) => w.call("PATCH", `/admin/tenants/${w.tenantId}`, { key, body });
  const send = (w: World, headers: Record<string, string> = {}) =>
    w.call("POST", "/v1/send", {
      headers,
      body: {
        to: [{ channel: "sms", destination: "+447700900123" }],
        content: { sms: { text: "Hi" } },
        schedule_at: "2040-01-01T00:00:00Z",
      },
    });

  it("touches what it names and nothing else, and is audited", async () => {
    const w = await makeWorld({ limits: { ratePerSecond: 7, burst: 9, monthlyMessages: 100 } });
    const answer = await patch(w, { name: "Renamed", limits: { burst: 10, monthly_messages: null } });
    expect(answer.status).toBe(200);
    const tenant = await answer.json();
    expect(tenant).toMatchObject({
      name: "Renamed",
      status: "active",
      limits: { rate_per_second: 7, burst: 10, monthly_messages: null, critical_exempt: true },
      db_shards: [0, 1],
      gate_shards: 1,
    });
    expect(await (await patch(w, {})).json()).toEqual(tenant);
    const { results } = await w.deps.control
      .prepare("SELECT actor, project_id, target, details FROM audit WHERE tenant_id = ? AND action = 'tenant.updated'")
      .bind(w.tenantId)
      .all();
    expect(results).toEqual([
      {
        actor: "operator",
        project_id: null,
        target: w.tenantId,
        details: '{"name":"Renamed","limits":{"burst":10,"monthlyMessages":null}}',
      },
    ]);
  });

  it("to suspended shuts every key out at once, also one that was just sending, and back lets it in", async () => {
    const w = await makeWorld();
    expect((await send(w)).status).toBe(202);
    await patch(w, { status: "suspended" });
    for (let i = 0; i < 2; i++) {
      expect((await send(w)).status).toBe(403);
      expect((await w.call("GET", "/v1/messages")).status).toBe(403);
    }
    await patch(w, { status: "active" });
    expect((await send(w)).status).toBe(202);
  });

  it("of the limits holds for the next send", async () => {
    const w = await makeWorld({ limits: { monthlyMessages: 1 } });
    expect([(await send(w)).status, (await send(w)).status]).toEqual([202, 429]);
    await patch(w, { limits: { monthly_messages: 2 } });
    expect([(await send(w)).status, (await send(w)).status]).toEqual([202, 429]);
  });

  it("to more gates finds every message that was there before, and every later one", async () => {
    const w = await makeWorld();
    const ids: string[] = [];
    const some = async () => {
      for (let i = 0; i < 8; i++) {
        const { message_ids } = (await (await send(w, { "idempotency-key": crypto.randomUUID() })).json()) as {
          message_ids: string[];
        };
        ids.push(...message_ids);
      }
    };
    await some();
    expect(((await (await patch(w, { gate_shards: 4 })).json()) as { gate_shards: number }).gate_shards).toBe(4);
    await some();
    for (const id of ids) expect((await w.call("GET", `/v1/messages/${id}`)).status).toBe(200);
    const held = await Promise.all([0, 1, 2, 3].map(async (shard) => (await w.deps.gate(w.tenantId, shard).stats()).held));
    expect(held.reduce((sum, n) => sum + n, 0)).toBe(16);
    expect(
      held.slice(1).some((n) => n > 0),
      "the new gates are in use",
    ).toBe(true);
    const { data } = (await (await w.call("GET", "/v1/messages?limit=100")).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it("never takes a gate or a database away, and says why", async () => {
    const w = await makeWorld({ gateShards: 2 });
    for (const [body, why] of [
      [{ gate_shards: 1 }, "idempotency keys"],
      [{ db_shards: [0] }, "look only where"],
    ] as const) {
      const refused = await patch(w, body);
      expect(refused.status).toBe(409);
      expect(((await refused.json()) as { detail: string }).detail).toContain(why);
    }
    expect((await patch(w, { db_shards: [0, 1, 7] })).status).toBe(422);
    expect((await patch(w, { gate_shards: 2, db_shards: [1, 0] })).status).toBe(200);
  });
});

describe("a tenant's backlog", () => {
  const read = async (w: World) => (await (await w.call("GET", `/admin/tenants/${w.tenantId}`, { key })).json()) as object;
  const waiting = { express: 0, standard: 0, bulk: 0 };

  it("is summed over its gates, by lane", async () => {
    const stats = (lane: object, oldestDueAt: number | null) => ({
      stats: async () => ({ held: 9, due: 9, oldestDueAt, backlog: { ...waiting, ...lane } }),
    });
    const gates = [stats({ bulk: 7, standard: 1 }, Date.UTC(2026, 10, 20)), stats({ bulk: 5 }, null)];
    const w = await makeWorld({ gateShards: 2, deps: { gate: (_, shard) => gates[shard] as unknown as Gate } });
    expect(await read(w)).toMatchObject({
      limits: { backlog_messages: 500_000 },
      backlog: { express: 0, standard: 1, bulk: 12, oldest_due_at: "2026-11-20T00:00:00.000Z" },
    });
  });

  it("is nothing in a gate that holds only what is scheduled, and unknown where a gate does not answer", async () => {
    const w = await makeWorld();
    const sent = await w.call("POST", "/v1/send", {
      body: {
        to: [{ channel: "sms", destination: "+447700900123" }],
        content: { sms: { text: "Hi" } },
        schedule_at: "2040-01-01T00:00:00Z",
      },
    });
    expect(sent.status).toBe(202);
    expect(await read(w)).toMatchObject({ backlog: { ...waiting, oldest_due_at: "2040-01-01T00:00:00.000Z" } });
    const deaf = await makeWorld({
      deps: {
        gate: () => {
          throw new Error("no gate today");
        },
      },
    });
    expect(await read(deaf)).toMatchObject({ id: deaf.tenantId, backlog: null });
  });
});

describe("queues", () => {
  it("are shown as the runtime counts them, and as unknown where it cannot", async () => {
    const read = async (w: World) => {
      const { data } = (await (await w.call("GET", "/admin/queues", { key })).json()) as { data: Record<string, unknown>[] };
      return data;
    };
    const counted = await makeWorld({
      deps: {
        queueMetrics: async (queue) =>
          queue === "send-email-bulk"
            ? { backlogCount: 7, backlogBytes: 900, oldestMessageTimestamp: new Date("2026-11-20T10:00:00Z") }
            : null,
      },
    });
    const states = await read(counted);
    expect(states).toHaveLength(20);
    expect(states.find((s) => s.queue === "send-email-bulk")).toEqual({
      queue: "send-email-bulk",
      backlog_count: 7,
      backlog_bytes: 900,
      oldest_message_at: "2026-11-20T10:00:00.000Z",
    });
    expect(states.find((s) => s.queue === "events")).toMatchObject({ backlog_count: null, oldest_message_at: null });
    for (const state of await read(world)) expect(["number", "object"]).toContain(typeof state.backlog_count);
  });
});

describe("health", () => {
  it("is ok where every dependency answers", async () => {
    const w = await withWebhooks(200);
    const response = await w.call("GET", "/admin/healthz", { key });
    expect(response.status).toBe(200);
    const health = (await response.json()) as Health;
    expect(health.checks.map((c) => [c.name, c.detail])).toEqual(
      ["control_database", "message_database_0", "message_database_1", "files", "gate", "dispatcher", "webhooks"].map((n) => [
        n,
        "ok",
      ]),
    );
    expect(health.status).toBe("ok");
  });

  it("is degraded, with the name of what fails and why", async () => {
    const down = (await (await withWebhooks(500)).call("GET", "/admin/healthz", { key })) as Response;
    expect(down.status).toBe(503);
    const health = (await down.json()) as Health;
    expect(health.status).toBe("degraded");
    expect(health.checks.filter((c) => !c.ok)).toMatchObject([{ name: "webhooks", detail: "answered 500" }]);
  });

  it("tells when the dispatcher cannot open credentials", async () => {
    const w = await makeWorld({
      deps: {
        webhooks: { fetch: async () => new Response() },
        unsealer: {
          async unseal() {
            throw new Error("no private key k1");
          },
        },
      },
    });
    const health = (await (await w.call("GET", "/admin/healthz", { key })).json()) as Health;
    expect(health.checks.filter((c) => !c.ok)).toMatchObject([{ name: "dispatcher", detail: "credentials: no private key k1" }]);
  });

  it("is alive for anybody", async () => {
    const response = await world.call("GET", "/healthz", { key: null });
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });
});
