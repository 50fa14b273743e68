import { beforeAll, describe, expect, test } from "vitest";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const email = (over: object = {}) => ({
  to: [{ channel: "email", destination: "ada@example.com" }],
  content: { email: { subject: "Hello {{ name }}", text: "It has come, {{ name }}." } },
  variables: { name: "Ada" },
  ...over,
});

async function accepted(body: object, headers: Record<string, string> = {}) {
  const response = await world.call("POST", "/v1/send", { body, headers });
  expect(response.status, await response.clone().text()).toBe(202);
  return (await response.json()) as { request_id: string; message_ids: string[]; status: string };
}

async function read(id: string, w = world) {
  const response = await w.call("GET", `/v1/messages/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { status: string; events: { type: string }[]; [field: string]: unknown };
}

describe("a send", () => {
  test("is durable and readable from the instant of its 202, and ends delivered with its whole timeline", async () => {
    const { message_ids, status } = await accepted(email());
    expect(status).toBe("queued");
    const id = message_ids[0] ?? "";
    expect(["queued", "processing", "sent", "delivered"]).toContain((await read(id)).status);
    const message = await eventually(async () => {
      const m = await read(id);
      return m.status === "delivered" && m;
    });
    expect(message.events.map((e) => e.type)).toEqual(["queued", "attempted", "sent", "delivered"]);
  });

  test("makes one message a recipient, and each takes its own channel", async () => {
    const { message_ids } = await accepted(
      email({
        to: [
          { channel: "email", destination: "ada@example.com" },
          { channel: "sms", destination: "+447700900199" },
        ],
        content: { email: { subject: "S", text: "T" }, sms: { text: "Short" } },
      }),
    );
    expect(message_ids).toHaveLength(2);
    for (const id of message_ids) await eventually(async () => (await read(id)).status === "delivered");
  });

  test("that is scheduled stays scheduled, and can be moved and cancelled", async () => {
    const { message_ids, status } = await accepted(email({ schedule_at: "2040-01-01T00:00:00Z" }));
    expect(status).toBe("scheduled");
    const id = message_ids[0] ?? "";
    expect(await read(id)).toMatchObject({ status: "scheduled", due_at: "2040-01-01T00:00:00.000Z" });
    expect(
      (await world.call("POST", `/v1/messages/${id}/reschedule`, { body: { schedule_at: "2041-01-01T00:00:00Z" } })).status,
    ).toBe(200);
    expect((await world.call("POST", `/v1/messages/${id}/cancel`)).status).toBe(200);
    await eventually(async () => (await read(id)).status === "cancelled");
  });

  test("whose time to live has passed is never sent", async () => {
    const { message_ids } = await accepted(
      email({ ttl_seconds: 1, to: [{ channel: "email", destination: "down@sandbox.test" }] }),
    );
    const message = await eventually(async () => {
      const m = await read(message_ids[0] ?? "");
      return ["failed", "expired"].includes(m.status) && m;
    });
    expect(message.events.some((e) => e.type === "sent")).toBe(false);
  });

  test("with a test key only ever reaches the sandbox", async () => {
    const response = await world.call("POST", "/v1/send", { key: world.testKey, body: email() });
    const { message_ids } = (await response.json()) as { message_ids: string[] };
    const message = await eventually(async () => {
      const m = await read(message_ids[0] ?? "");
      return m.status === "delivered" && m;
    });
    expect(message).toMatchObject({ mode: "test" });
  });
});

describe("an idempotency key", () => {
  test("gives exactly one message per key under a thousand concurrent sends", async () => {
    const w = await makeWorld({ gateShards: 3 });
    const responses = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const key = `k-${i % 200}`;
        const response = await w.call("POST", "/v1/send", { body: email(), headers: { "idempotency-key": key } });
        expect(response.status).toBe(202);
        const body = (await response.json()) as { message_ids: string[]; request_id: string };
        return { key, replayed: response.headers.get("idempotent-replayed"), ...body };
      }),
    );
    const ids = new Map<string, Set<string>>();
    for (const r of responses) ids.set(r.key, (ids.get(r.key) ?? new Set()).add(`${r.message_ids.join()} ${r.request_id}`));
    expect(ids.size).toBe(200);
    expect([...ids.values()].every((set) => set.size === 1)).toBe(true);
    expect(responses.filter((r) => r.replayed === null)).toHaveLength(200);
    await eventually(async () => {
      const counts = await Promise.all(
        w.deps.shards.map((db) =>
          db.prepare("SELECT COUNT(*) AS n FROM messages WHERE tenant_id = ?").bind(w.tenantId).first<{ n: number }>(),
        ),
      );
      return counts.reduce((sum, row) => sum + (row?.n ?? 0), 0) === 200;
    });
  });

  test("with the same body answers the same, quoted or bare, and in the body", async () => {
    const first = await accepted(email({ deduplication_key: "same" }));
    expect(await accepted(email({ deduplication_key: "same" }))).toEqual(first);
    const header = await accepted(email(), { "idempotency-key": '"quoted"' });
    expect(await accepted(email(), { "idempotency-key": "quoted" })).toEqual(header);
  });

  test("with another body is refused, and nothing is sent", async () => {
    await accepted(email(), { "idempotency-key": "once" });
    const response = await world.call("POST", "/v1/send", {
      body: email({ locale: "en" }),
      headers: { "idempotency-key": "once" },
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "idempotency_key_reused" });
  });

  test("is not burnt by a request that was refused", async () => {
    const bad = await world.call("POST", "/v1/send", { body: email({ to: [] }), headers: { "idempotency-key": "second-try" } });
    expect(bad.status).toBe(422);
    await accepted(email(), { "idempotency-key": "second-try" });
  });

  test("is not shared between live and test", async () => {
    const live = await accepted(email(), { "idempotency-key": "both" });
    const response = await world.call("POST", "/v1/send", {
      key: world.testKey,
      body: email(),
      headers: { "idempotency-key": "both" },
    });
    expect(((await response.json()) as { message_ids: string[] }).message_ids).not.toEqual(live.message_ids);
  });
});

describe("what is refused", () => {
  test("comes back with every error and its place", async () => {
    const response = await world.call("POST", "/v1/send", {
      body: {
        to: [
          { channel: "email", destination: "nobody" },
          { channel: "pigeon", destination: "x" },
          { channel: "sms", destination: "123" },
        ],
        content: { email: { subject: "S", text: "T" } },
        ttl_seconds: -1,
        routting: {},
      },
    });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((e) => e.path).sort()).toEqual([
      "routting",
      "to[0].destination",
      "to[1].channel",
      "to[2].destination",
      "ttl_seconds",
    ]);
  });

  test("an empty bucket answers 429 with the policy and when to come again; critical passes", async () => {
    const w = await makeWorld({ limits: { ratePerSecond: 1, burst: 2 } });
    const ask = (over: object = {}) => w.call("POST", "/v1/send", { body: email(over) });
    const first = await ask();
    expect(first.headers.get("ratelimit-policy")).toBe('"burst";q=2;w=2');
    expect(first.headers.get("ratelimit")).toMatch(/^"burst";r=1;t=\d$/);
    await ask();
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({ code: "rate_limited" });
    expect((await ask({ priority: "critical" })).status).toBe(202);
  });

  test("a used-up quota answers 429 quota_exceeded", async () => {
    const w = await makeWorld({ limits: { monthlyMessages: 1 } });
    expect((await w.call("POST", "/v1/send", { body: email() })).status).toBe(202);
    expect(await (await w.call("POST", "/v1/send", { body: email() })).json()).toMatchObject({
      code: "quota_exceeded",
      status: 429,
    });
  });

  test("a gate that cannot be reached answers 503, never 202", async () => {
    const w = await makeWorld({
      deps: {
        gate: () => {
          throw new Error("no gate");
        },
      },
    });
    const response = await w.call("POST", "/v1/send", { body: email() });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
  });

  test("a revoked key stops at once, also where it was just used", async () => {
    const w = await makeWorld();
    const key = await w.keyWith(["messages:send"]);
    expect((await w.call("POST", "/v1/send", { key, body: email() })).status).toBe(202);
    const list = (await (await w.call("GET", "/v1/keys")).json()) as { data: { id: string; name: string }[] };
    const id = list.data.find((k) => k.name === "scoped")?.id;
    expect((await w.call("DELETE", `/v1/keys/${id}`)).status).toBe(200);
    const refused = await w.call("POST", "/v1/send", { key, body: email() });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "key_revoked" });
  });
});

describe("a batch", () => {
  const recipients = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ channel: "email", destination: `u${i}@example.com`, variables: { name: `U${i}` } }));

  test("of a thousand recipients is accepted in one request, and each message is delivered", async () => {
    const w = await makeWorld();
    const { to: _, ...send } = email();
    const response = await w.call("POST", "/v1/batch", { body: { ...send, recipients: recipients(1000) } });
    expect(response.status, await response.clone().text()).toBe(202);
    const body = (await response.json()) as { accepted: number; rejected: number; data: { message_ids: string[] }[] };
    expect(body).toMatchObject({ accepted: 1000, rejected: 0 });
    expect(new Set(body.data.map((d) => d.message_ids[0])).size).toBe(1000);
    await eventually(async () => {
      const counts = await Promise.all(
        w.deps.shards.map((db) =>
          db
            .prepare("SELECT COUNT(*) AS n FROM messages WHERE tenant_id = ? AND status = 'delivered'")
            .bind(w.tenantId)
            .first<{ n: number }>(),
        ),
      );
      return counts.reduce((sum, row) => sum + (row?.n ?? 0), 0) === 1000;
    }, 20_000);
  });

  test("accepts the good items and says of each bad one what is wrong", async () => {
    const response = await world.call("POST", "/v1/batch", {
      body: { sends: [email(), { to: [] }, "nonsense", email({ template_id: "no_such", content: undefined }), email()] },
    });
    expect(response.status).toBe(202);
    const body = (await response.json()) as {
      accepted: number;
      rejected: number;
      data: { status: string; error?: { errors: { path: string }[] } }[];
    };
    expect(body.data.map((d) => d.status)).toEqual(["accepted", "rejected", "rejected", "rejected", "accepted"]);
    expect(body).toMatchObject({ accepted: 2, rejected: 3 });
    expect(body.data[3]?.error?.errors[0]?.path).toBe("template_id");
  });

  test("replays as a whole by its key, rejections included, and item by item by theirs", async () => {
    const body = { sends: [email({ deduplication_key: "item-1" }), { to: [] }] };
    const ask = (headers: Record<string, string>) => world.call("POST", "/v1/batch", { body, headers });
    const first = await (await ask({ "idempotency-key": "batch-1" })).json();
    const again = await ask({ "idempotency-key": "batch-1" });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.json()).toEqual(first);
    const other = (await (await ask({ "idempotency-key": "batch-2" })).json()) as { data: unknown[] };
    expect(other.data[0]).toMatchObject({
      status: "accepted",
      replayed: true,
      message_ids: (first as { data: { message_ids: string[] }[] }).data[0]?.message_ids,
    });
  });
});
