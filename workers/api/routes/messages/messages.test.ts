import { beforeAll, describe, expect, it } from "vitest";
import { parseMessageId } from "../../../../src/shared/core/ids.ts";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

interface Read {
  id: string;
  status: string;
  due_at: string;
  expires_at: string | null;
  deliveries: { phase: string; attempts: { outcome: string }[] }[];
  events: { type: string }[];
  [field: string]: unknown;
}
interface Listed {
  data: Read[];
  next_cursor: string | null;
}

const FAR = "2031-01-01T09:00:00Z";
const email = (destination: string) => ({ channel: "email", destination });
const content = { email: { subject: "Hello", text: "Good day." }, sms: { text: "Hello" } };

let world: World;
beforeAll(async () => {
  world = await makeWorld({ gateShards: 2 });
});

async function send(body: object, w = world, key = w.liveKey): Promise<string[]> {
  const response = await w.call("POST", "/v1/send", { key, body: { content, ...body } });
  expect(response.status).toBe(202);
  return ((await response.json()) as { message_ids: string[] }).message_ids;
}
async function sendOne(body: object, w = world, key = w.liveKey): Promise<string> {
  return (await send(body, w, key))[0] ?? "";
}
async function read(id: string, w = world): Promise<Read> {
  const response = await w.call("GET", `/v1/messages/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Read;
}
async function list(query: string, w = world): Promise<Listed> {
  const response = await w.call("GET", `/v1/messages?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Listed;
}
async function act(
  id: string,
  what: string,
  body?: object,
  w = world,
): Promise<{ status: number; body: Read & { code?: string } }> {
  const response = await w.call("POST", `/v1/messages/${id}/${what}`, body === undefined ? {} : { body });
  return { status: response.status, body: (await response.json()) as Read & { code?: string } };
}
async function until(id: string, status: string, w = world): Promise<Read> {
  return eventually(async () => {
    const message = await read(id, w);
    return message.status === status && message;
  });
}
function shardOf(id: string, w = world): D1Database {
  const db = w.deps.shards[parseMessageId(id)?.dbShard ?? -1];
  if (!db) throw new Error(`no database for ${id}`);
  return db;
}

describe("reading a message", () => {
  it("answers right after the 202, and goes on to delivered with its attempt and events", async () => {
    const id = await sendOne({ to: [email("ada@example.com")], variables: { name: "Ada" }, metadata: { a: 1 }, tags: ["x"] });
    expect(await read(id)).toMatchObject({ id, recipient: "ada@example.com", mode: "live", metadata: { a: 1 }, tags: ["x"] });
    const done = await until(id, "delivered");
    expect(done.deliveries[0]?.attempts.map((a) => a.outcome)).toEqual(["sent"]);
    expect(done.events.map((e) => e.type)).toEqual(["queued", "attempted", "sent", "delivered"]);
  });

  it("shows the same message before and after it is planned, but for what happened in between", async () => {
    const body = { to: [email("a@example.com"), email("b@example.com")], variables: { name: "All" }, metadata: { n: 2 } };
    const [, id = ""] = await send({ ...body, schedule_at: FAR, category: "orders", priority: "low" });
    const before = await read(id);
    expect(before).toMatchObject({ status: "scheduled", due_at: "2031-01-01T09:00:00.000Z", events: [{ type: "scheduled" }] });
    await act(id, "reschedule", { schedule_at: "2020-01-01T00:00:00Z" });
    const after = await until(id, "delivered");
    const same = ({ due_at, updated_at, status, deliveries, events, ...rest }: Read & { updated_at?: unknown }) => rest;
    expect(same(after)).toEqual(same(before));
    expect(after.events.map((e) => e.type)).toEqual(["scheduled", "queued", "attempted", "sent", "delivered"]);
  });

  it("shows a message as processing while a consumer holds it, and as queued when the lease has run out", async () => {
    const id = await sendOne({ to: [email("down@sandbox.test")] });
    await eventually(async () => (await read(id)).deliveries[0]?.attempts.length === 1);
    const lease = () =>
      shardOf(id).prepare("UPDATE packs SET lease = 'lse_x', lease_until = ?1 WHERE tenant_id = ?2 AND refs LIKE ?3");
    await lease()
      .bind(Date.now() + 60_000, world.tenantId, `%${id.slice(0, 30)}%`)
      .run();
    expect((await read(id)).status).toBe("processing");
    expect((await list("status=processing")).data.map((m) => m.id)).toEqual([id]);
    expect((await list("status=queued")).data.map((m) => m.id)).not.toContain(id);
    await lease()
      .bind(1, world.tenantId, `%${id.slice(0, 30)}%`)
      .run();
    expect((await read(id)).status).toBe("queued");
    expect((await list("status=queued")).data.map((m) => m.id)).toContain(id);
  });

  it("keeps variables and content of a sensitive message out of view", async () => {
    const id = await sendOne({ to: [email("s@example.com")], variables: { name: "Secret" }, sensitive: true });
    expect(await read(id)).toMatchObject({ sensitive: true, variables: null, content: null });
  });

  it("is not found for another tenant, another project's id, and what is no id", async () => {
    const other = await makeWorld();
    const id = await sendOne({ to: [email("ada@example.com")], schedule_at: FAR });
    for (const [method, path] of [
      ["GET", `/v1/messages/${id}`],
      ["POST", `/v1/messages/${id}/cancel`],
    ] as const) {
      expect((await other.call(method, path)).status).toBe(404);
    }
    expect((await world.call("GET", "/v1/messages/msg_nonsense")).status).toBe(404);
    expect((await world.call("GET", `/v1/messages/${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`)).status).toBe(404);
    expect((await read(id)).status).toBe("scheduled");
  });
});

describe("listing messages", () => {
  it("shows each exactly once over its pages while messages move from gates to databases between them", async () => {
    const w = await makeWorld({ gateShards: 2 });
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      const to = Array.from({ length: 3 }, (_, n) => email(`p${i}-${n}@example.com`));
      ids.push(...(await send({ to, ...(i % 2 === 0 ? { schedule_at: FAR } : {}) }, w)));
    }
    const held = ids.filter((_, i) => Math.floor(i / 3) % 2 === 0);
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 40; page++) {
      const { data, next_cursor } = await list(`limit=5${cursor === null ? "" : `&cursor=${cursor}`}`, w);
      seen.push(...data.map((m) => m.id));
      cursor = next_cursor;
      if (cursor === null) break;
      // Three held messages become due between any two pages: some above the cursor, some below.
      for (const id of [held.shift(), held.pop(), held.splice(Math.floor(held.length / 2), 1)[0]]) {
        if (id !== undefined) expect((await act(id, "reschedule", { schedule_at: "2020-01-01T00:00:00Z" }, w)).status).toBe(200);
      }
    }
    expect(cursor).toBe(null);
    expect(seen).toEqual([...ids].sort().reverse());
  });

  it("ends without an empty page where the last row fills the page", async () => {
    const w = await makeWorld();
    await send({ to: [email("a@example.com"), email("b@example.com")] }, w);
    expect(await list("limit=2", w)).toMatchObject({ data: [{}, {}], next_cursor: null });
    expect((await list("limit=1", w)).next_cursor).not.toBe(null);
  });

  it("narrows by every filter, in gates and in databases alike", async () => {
    const w = await makeWorld();
    const sms = { channel: "sms", destination: "+447700900123" };
    const ada = await sendOne({ to: [email("Ada@EXAMPLE.com")], tags: ["orders"], priority: "high" }, w);
    const bob = await sendOne({ to: [sms], schedule_at: FAR, tags: ["orders", "late"] }, w);
    const test = await sendOne({ to: [email("bounced@sandbox.test")] }, w, w.testKey);
    await until(ada, "delivered", w);
    await until(test, "failed", w);
    const found = async (query: string) => (await list(query, w)).data.map((m) => m.id);
    expect(await found("")).toEqual([test, bob, ada]);
    expect(await found("status=scheduled")).toEqual([bob]);
    expect(await found("status=delivered")).toEqual([ada]);
    expect(await found("status=failed")).toEqual([test]);
    expect(await found("channel=sms")).toEqual([bob]);
    expect(await found("priority=high")).toEqual([ada]);
    expect(await found("mode=test")).toEqual([test]);
    expect(await found("mode=live")).toEqual([bob, ada]);
    expect(await found("tag=orders")).toEqual([bob, ada]);
    expect(await found("tag=late")).toEqual([bob]);
    expect(await found("tag=order")).toEqual([]);
    for (const spelling of ["Ada@example.com", "Ada@EXAMPLE.COM", " Ada@example.com "]) {
      expect(await found(`recipient=${encodeURIComponent(spelling)}`)).toEqual([ada]);
    }
    for (const spelling of ["%2B447700900123", "+447700900123", "%2B44 7700 900123", "+44 7700-900123"]) {
      expect(await found(`recipient=${spelling}`)).toEqual([bob]);
    }
    expect(await found("recipient=nobody%40example.com")).toEqual([]);
    expect(await found("template=order_shipped")).toEqual([]);
    const at = (await read(bob, w)).created_at as string;
    expect(await found(`created_after=${at}`)).toEqual([test, bob]);
    expect(await found(`created_before=${at}`)).toEqual([ada]);
    expect(await found("created_before=2020-01-01T00:00:00Z")).toEqual([]);
    expect((await w.call("GET", "/v1/messages?status=gone")).status).toBe(400);
  });

  it("shows what a request with many recipients asked for beside each of them", async () => {
    const w = await makeWorld();
    const ids = await send({ to: [email("a@example.com"), email("b@example.com")], metadata: { k: "v" }, locale: "en-GB" }, w);
    for (const id of ids) await until(id, "delivered", w);
    const { data } = await list("", w);
    expect(data).toMatchObject([
      { metadata: { k: "v" }, locale: "en-GB" },
      { metadata: { k: "v" }, locale: "en-GB" },
    ]);
  });
});

describe("cancelling", () => {
  it("stops a scheduled message for good, once and again, and leaves its neighbours", async () => {
    const [first = "", id = "", last = ""] = await send({
      to: ["a", "b", "c"].map((n) => email(`${n}@example.com`)),
      schedule_at: FAR,
    });
    const { status, body } = await act(id, "cancel");
    expect([status, body.status, body.due_at]).toEqual([200, "cancelled", "2031-01-01T09:00:00.000Z"]);
    await eventually(async () => shardOf(id).prepare("SELECT 1 FROM messages WHERE id = ?1").bind(id).first().then(Boolean));
    expect(await act(id, "cancel")).toMatchObject({ status: 200, body: { status: "cancelled" } });
    const after = await read(id);
    expect(after.events.map((e) => e.type)).toEqual(["scheduled", "cancelled"]);
    expect(after.deliveries[0]?.attempts).toEqual([]);
    expect([(await read(first)).status, (await read(last)).status]).toEqual(["scheduled", "scheduled"]);
  });

  it("stops a queued message that waits for its next try: its bell then finds nothing to do", async () => {
    const id = await sendOne({ to: [email("down@sandbox.test")] });
    await eventually(async () => (await read(id)).deliveries[0]?.attempts.length === 1);
    expect(await act(id, "cancel")).toMatchObject({ status: 200, body: { status: "cancelled" } });
    const db = shardOf(id);
    const pack = await db
      .prepare("UPDATE packs SET due_at = 1 WHERE tenant_id = ?1 AND instr(refs, ?2) > 0 RETURNING id")
      .bind(world.tenantId, id)
      .first<{ id: string }>();
    const shard = parseMessageId(id)?.dbShard ?? -1;
    const bell = { v: 1, tenant: world.tenantId, shard, pack: pack?.id ?? "", channel: "email", lane: "standard" } as const;
    await world.deps.ringer.ring([{ ...bell, delaySeconds: 0 }]);
    await eventually(async () => (await db.prepare("SELECT 1 FROM packs WHERE id = ?1").bind(bell.pack).first()) === null);
    const after = await read(id);
    expect([after.status, after.deliveries[0]?.attempts.length]).toEqual(["cancelled", 1]);
  });

  it("is refused while a consumer holds the message, and when it has ended", async () => {
    const held = await sendOne({ to: [email("down@sandbox.test")] });
    await eventually(async () => (await read(held)).deliveries[0]?.attempts.length === 1);
    await shardOf(held)
      .prepare(
        "UPDATE packs SET lease = 'lse_x', lease_until = ?1, claims = claims + 1 WHERE tenant_id = ?2 AND instr(refs, ?3) > 0",
      )
      .bind(Date.now() + 60_000, world.tenantId, held)
      .run();
    const refused = await act(held, "cancel");
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      409,
      "conflict",
      expect.stringContaining("processing"),
    ]);
    const done = await sendOne({ to: [email("ada@example.com")] });
    await until(done, "delivered");
    expect((await act(done, "cancel")).status).toBe(409);
  });

  it("either cancels or refuses, and a message that it cancelled is never sent", async () => {
    const ids = await send({ to: Array.from({ length: 40 }, (_, i) => email(`race${i}@example.com`)) });
    const answers = await Promise.all(ids.map((id) => act(id, "cancel")));
    for (const [i, { status }] of answers.entries()) {
      const id = ids[i] ?? "";
      const end = await eventually(async () => {
        const m = await read(id);
        return (m.status === "cancelled" || m.status === "delivered") && m;
      });
      expect([200, 409]).toContain(status);
      expect([id, end.status, end.deliveries[0]?.attempts.length]).toEqual(
        status === 200 ? [id, "cancelled", 0] : [id, "delivered", 1],
      );
    }
  });
});

describe("rescheduling", () => {
  it("moves a scheduled message and its time to live", async () => {
    const id = await sendOne({ to: [email("ada@example.com")], schedule_at: FAR, ttl_seconds: 60 });
    const { status, body } = await act(id, "reschedule", { schedule_at: "2032-02-02T12:00:00+02:00" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "scheduled",
      due_at: "2032-02-02T10:00:00.000Z",
      expires_at: "2032-02-02T10:01:00.000Z",
    });
    expect((await read(id)).due_at).toBe("2032-02-02T10:00:00.000Z");
  });

  it("sends at once where the new time is past", async () => {
    const id = await sendOne({ to: [email("ada@example.com")], schedule_at: FAR, ttl_seconds: 60 });
    expect((await act(id, "reschedule", { schedule_at: "2020-01-01T00:00:00Z" })).status).toBe(200);
    expect((await until(id, "delivered")).deliveries[0]?.attempts.length).toBe(1);
  });

  it("is refused for what is not scheduled", async () => {
    const done = await sendOne({ to: [email("ada@example.com")] });
    await until(done, "delivered");
    expect(await act(done, "reschedule", { schedule_at: FAR })).toMatchObject({ status: 409, body: { code: "conflict" } });
    const cancelled = await sendOne({ to: [email("ada@example.com")], schedule_at: FAR });
    await act(cancelled, "cancel");
    expect((await act(cancelled, "reschedule", { schedule_at: FAR })).status).toBe(409);
    expect((await act(done, "reschedule", { schedule_at: "tomorrow" })).status).toBe(422);
  });
});

describe("resending", () => {
  async function resend(id: string, headers: Record<string, string> = {}, key = world.liveKey) {
    const response = await world.call("POST", `/v1/messages/${id}/resend`, { key, headers });
    return { response, body: (await response.json()) as { message_ids: string[]; code?: string } };
  }

  it("sends the same words to the same recipient as a new message that names the old one", async () => {
    const to = [{ ...email("ada@example.com"), variables: { name: "Ada" } }, email("bob@example.com")];
    const words = { email: { subject: "For {{ name }}", text: "T" } };
    const [id = ""] = await send({
      to,
      content: words,
      variables: { name: "All" },
      metadata: { k: 1 },
      tags: ["x"],
      priority: "high",
      ttl_seconds: 90,
    });
    const old = await until(id, "delivered");
    const { response, body } = await resend(id);
    expect(response.status).toBe(202);
    const [fresh = ""] = body.message_ids;
    expect(fresh > id).toBe(true);
    const again = await until(fresh, "delivered");
    expect(again).toMatchObject({
      recipient: "ada@example.com",
      content: words,
      variables: { name: "Ada" },
      metadata: { k: 1, resent_from: id },
      tags: ["x"],
      priority: "high",
      mode: "live",
    });
    expect(Date.parse(again.expires_at ?? "") - Date.parse(again.due_at)).toBe(90_000);
    const caught = await world.call("GET", `/v1/sandbox/messages?message_id=${fresh}`);
    expect(await caught.json()).toMatchObject({ data: [{ envelope: { subject: "For Ada" } }] });
    expect(await read(id)).toEqual(old);
  });

  it("sends once however often it is asked with one key", async () => {
    const id = await sendOne({ to: [email("ada@example.com")] });
    await until(id, "delivered");
    const first = await resend(id, { "idempotency-key": "again-1" });
    const second = await resend(id, { "idempotency-key": "again-1" });
    expect(second.body).toEqual(first.body);
    expect(second.response.headers.get("idempotent-replayed")).toBe("true");
    const other = await sendOne({ to: [email("bob@example.com")] });
    await until(other, "delivered");
    expect((await resend(other, { "idempotency-key": "again-1" })).body.code).toBe("idempotency_key_reused");
  });

  it("is refused while the first is on its way, and where a test key would reach people", async () => {
    const scheduled = await sendOne({ to: [email("ada@example.com")], schedule_at: FAR });
    expect((await resend(scheduled)).response.status).toBe(409);
    const live = await sendOne({ to: [email("ada@example.com")] });
    await until(live, "delivered");
    expect((await resend(live, {}, world.testKey)).response.status).toBe(403);
    const test = await sendOne({ to: [email("ada@example.com")] }, world, world.testKey);
    await until(test, "delivered");
    const { body } = await resend(test);
    expect((await read(body.message_ids[0] ?? "")).mode).toBe("test");
  });
});
