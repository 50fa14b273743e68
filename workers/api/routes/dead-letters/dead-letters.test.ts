import { beforeAll, describe, expect, it } from "vitest";
import { parseMessageId } from "../../../../src/shared/core/ids.ts";
import { eventually, makeWorld, OPERATOR_KEY, type World } from "../../../../src/shared/testing/world.ts";
import { bury } from "../../../../src/shared/verbs/bury.ts";

interface Letter {
  id: string;
  message_id: string;
  code: string;
  state: string;
  resolved_at: string | null;
  task: { attempts: { outcome: string }[]; phase: string };
}
interface Message {
  status: string;
  events: { type: string; reason: string | null }[];
  deliveries: { phase: string; attempts: object[] }[];
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function json<T>(response: Promise<Response>, status = 200): Promise<T> {
  const got = await response;
  expect(got.status, await got.clone().text()).toBe(status);
  return (await got.json()) as T;
}
const get = <T>(path: string, w = world) => json<T>(w.call("GET", path));
const post = <T>(path: string, body?: object, w = world, status = 200) =>
  json<T>(w.call("POST", path, body === undefined ? {} : { body }), status);
const letters = async (query = "", w = world) => (await get<{ data: Letter[] }>(`/v1/dead-letters?${query}`, w)).data;
const message = (id: string, w = world) => get<Message>(`/v1/messages/${id}`, w);

async function sendTo(destinations: string[], w = world, more: object = {}): Promise<string[]> {
  const to = destinations.map((destination) => ({ channel: destination.startsWith("+") ? "sms" : "email", destination }));
  const body = { to, content: { email: { subject: "S", text: "T" }, sms: { text: "T" } }, ...more };
  return (await post<{ message_ids: string[] }>("/v1/send", body, w, 202)).message_ids;
}

/** Sends what is refused for good, and waits for its letter. */
async function dead(destination = "rejected@sandbox.test", w = world): Promise<Letter> {
  const [id = ""] = await sendTo([destination], w);
  return eventually(async () => (await letters("", w)).find((l) => l.message_id === id));
}

/** From now on the sandbox takes what it refused: the address in the row is another. */
async function heal(letter: Letter, w = world): Promise<void> {
  await shardOf(letter.message_id, w)
    .prepare("UPDATE messages SET deliveries = json_set(deliveries, '$[0].destination', 'ada@example.com') WHERE id = ?1")
    .bind(letter.message_id)
    .run();
}
function shardOf(messageId: string, w = world): D1Database {
  const db = w.deps.shards[parseMessageId(messageId)?.dbShard ?? -1];
  if (!db) throw new Error(`no database for ${messageId}`);
  return db;
}

describe("a dead letter", () => {
  it("keeps the task, every attempt and the reason", async () => {
    const letter = await dead();
    expect(letter).toMatchObject({ code: "sandbox_permanent", state: "open", channel: "email", resolved_at: null });
    const whole = await get<Letter>(`/v1/dead-letters/${letter.id}`);
    expect(whole.task).toMatchObject({ phase: "failed", attempts: [{ outcome: "permanent", provider: "sandbox" }] });
  });

  it("is listed by channel, code, state and time, and on pages", async () => {
    const w = await makeWorld();
    const email = await dead("rejected@sandbox.test", w);
    const sms = await dead("+447700900003", w);
    const found = async (query: string) => (await letters(query, w)).map((l) => l.id);
    expect(await found("")).toEqual([sms.id, email.id]);
    expect(await found("channel=sms")).toEqual([sms.id]);
    expect(await found("code=sandbox_permanent")).toEqual([email.id]);
    expect(await found("state=open")).toEqual([sms.id, email.id]);
    expect(await found("state=replayed")).toEqual([]);
    expect(await found("created_before=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await found("created_after=2020-01-01T00:00:00Z")).toEqual([sms.id, email.id]);
    const first = await get<{ data: Letter[]; next_cursor: string }>("/v1/dead-letters?limit=1", w);
    expect(await get(`/v1/dead-letters?limit=1&cursor=${first.next_cursor}`, w)).toMatchObject({
      data: [{ id: email.id }],
      next_cursor: null,
    });
  });

  it("is nobody else's", async () => {
    const letter = await dead();
    const other = await makeWorld();
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/replay"],
      ["POST", "/discard"],
    ] as const) {
      expect((await other.call(method, `/v1/dead-letters/${letter.id}${path}`)).status).toBe(404);
    }
    expect((await world.call("GET", "/v1/dead-letters/dlt_nonsense")).status).toBe(404);
    expect((await get<Letter>(`/v1/dead-letters/${letter.id}`)).state).toBe("open");
  });
});

describe("replaying", () => {
  it("sends the message again, under its own id, once however often it is asked", async () => {
    const letter = await dead();
    await heal(letter);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => post<{ replayed: boolean; dead_letter: Letter }>(`/v1/dead-letters/${letter.id}/replay`)),
    );
    expect(answers.filter((a) => a.replayed)).toHaveLength(1);
    expect(answers.every((a) => a.dead_letter.state === "replayed")).toBe(true);
    const after = await eventually(async () => {
      const m = await message(letter.message_id);
      return m.status === "delivered" && m;
    });
    expect(after.deliveries[0]?.attempts).toHaveLength(2);
    expect(after.events.map((e) => e.type)).toEqual([
      "queued",
      "attempted",
      "failed",
      "queued",
      "attempted",
      "sent",
      "delivered",
    ]);
    expect(await post(`/v1/dead-letters/${letter.id}/replay`)).toMatchObject({ replayed: false });
  });

  it("makes a new letter where the message fails again, with every attempt of both", async () => {
    const letter = await dead();
    await post(`/v1/dead-letters/${letter.id}/replay`);
    const second = await eventually(async () =>
      (await letters()).find((l) => l.message_id === letter.message_id && l.id !== letter.id),
    );
    expect(second.state).toBe("open");
    expect((await get<Letter>(`/v1/dead-letters/${second.id}`)).task.attempts).toHaveLength(2);
    expect((await message(letter.message_id)).status).toBe("failed");
  });

  it("is refused where the letter was discarded, the message was delivered after all, or its time is over", async () => {
    const discarded = await dead();
    await post(`/v1/dead-letters/${discarded.id}/discard`);
    await post(`/v1/dead-letters/${discarded.id}/replay`, undefined, world, 409);
    const delivered = await dead();
    const expired = await dead();
    await shardOf(delivered.message_id)
      .prepare("UPDATE messages SET status = 'delivered' WHERE id = ?1")
      .bind(delivered.message_id)
      .run();
    await shardOf(expired.message_id).prepare("UPDATE messages SET expires_at = 1 WHERE id = ?1").bind(expired.message_id).run();
    for (const letter of [delivered, expired]) {
      await post(`/v1/dead-letters/${letter.id}/replay`, undefined, world, 409);
      expect((await get<Letter>(`/v1/dead-letters/${letter.id}`)).state).toBe("open");
    }
  });

  it("puts many back at once, those that the filter names and no more than the limit", async () => {
    const w = await makeWorld();
    const emails = [await dead("rejected@sandbox.test", w), await dead("invalid@sandbox.test", w)];
    const sms = await dead("+447700900002", w);
    for (const letter of emails) await heal(letter, w);
    const ask = { filter: { channel: "email" } };
    expect(await post("/v1/dead-letters/replay", { ...ask, dry_run: true }, w)).toEqual({
      matched: 2,
      replayed: 0,
      skipped: 0,
      more: false,
      dry_run: true,
    });
    expect(await post("/v1/dead-letters/replay", { ...ask, limit: 1 }, w)).toMatchObject({ matched: 1, replayed: 1, more: true });
    expect(await post("/v1/dead-letters/replay", ask, w)).toMatchObject({ matched: 1, replayed: 1, more: false });
    expect(await post("/v1/dead-letters/replay", ask, w)).toMatchObject({ matched: 0, replayed: 0 });
    for (const letter of emails) await eventually(async () => (await message(letter.message_id, w)).status === "delivered");
    expect((await letters("state=open", w)).map((l) => l.id)).toEqual([sms.id]);
  });

  it("leaves an audit row that says who", async () => {
    const w = await makeWorld();
    const letter = await dead("rejected@sandbox.test", w);
    await post(`/v1/dead-letters/${letter.id}/replay`, undefined, w);
    const row = await w.deps.control
      .prepare("SELECT actor, target, details FROM audit WHERE tenant_id = ?1 AND action = 'dead_letter.replayed'")
      .bind(w.tenantId)
      .first<{ actor: string; target: string; details: string }>();
    expect(row).toMatchObject({ target: letter.id, actor: expect.stringMatching(/^key:key_/) });
    expect(JSON.parse(row?.details ?? "")).toEqual({ asked: 1, replayed: 1 });
  });
});

describe("discarding", () => {
  it("closes a letter for good, once and again, and leaves its message failed", async () => {
    const letter = await dead();
    for (let i = 0; i < 2; i++) {
      expect(await post(`/v1/dead-letters/${letter.id}/discard`)).toMatchObject({ state: "discarded" });
    }
    expect((await message(letter.message_id)).status).toBe("failed");
  });

  it("is refused for a letter that was replayed", async () => {
    const letter = await dead();
    await post(`/v1/dead-letters/${letter.id}/replay`);
    await post(`/v1/dead-letters/${letter.id}/discard`, undefined, world, 409);
  });
});

describe("burying poison", () => {
  async function waitingPack(w: World): Promise<{ id: string; messageId: string; db: D1Database; shard: number }> {
    const [messageId = ""] = await sendTo(["down@sandbox.test"], w);
    await eventually(async () => (await message(messageId, w)).deliveries[0]?.attempts.length === 1);
    const db = shardOf(messageId, w);
    const pack = await db
      .prepare("UPDATE packs SET due_at = 1 WHERE tenant_id = ?1 AND instr(refs, ?2) > 0 RETURNING id")
      .bind(w.tenantId, messageId)
      .first<{ id: string }>();
    return { id: pack?.id ?? "", messageId, db, shard: parseMessageId(messageId)?.dbShard ?? -1 };
  }

  it("fails what the pack holds, writes its letter and ends the pack; a second burial changes nothing", async () => {
    const w = await makeWorld();
    const { id, messageId, db, shard } = await waitingPack(w);
    const bell = { v: 1 as const, tenant: w.tenantId, shard, pack: id };
    await db.prepare("UPDATE packs SET claims = 5 WHERE id = ?1").bind(id).run();
    await bury(w.deps, [bell, bell]);
    const after = await message(messageId, w);
    expect([after.status, after.events.at(-1)?.type]).toEqual(["failed", "failed"]);
    expect(await letters("", w)).toMatchObject([{ code: "consumer_crashed", state: "open", message_id: messageId }]);
    expect(await db.prepare("SELECT 1 FROM packs WHERE id = ?1").bind(id).first()).toBe(null);
    await bury(w.deps, [bell]);
    expect(await message(messageId, w)).toEqual(after);
    expect(await letters("", w)).toHaveLength(1);
  });

  it("leaves to the sweep what only met a fault of ours: nothing of it is given up", async () => {
    const w = await makeWorld();
    const { id, messageId, db, shard } = await waitingPack(w);
    await bury(w.deps, [{ v: 1, tenant: w.tenantId, shard, pack: id }]);
    expect((await message(messageId, w)).status).toBe("queued");
    expect(await letters("", w)).toEqual([]);
    expect(await db.prepare("SELECT lease FROM packs WHERE id = ?1").bind(id).first()).toEqual({ lease: null });
  });

  it("leaves alone what a live consumer holds, and what was cancelled", async () => {
    const w = await makeWorld();
    const held = await waitingPack(w);
    await held.db
      .prepare("UPDATE packs SET lease = 'x', lease_until = ?1 WHERE id = ?2")
      .bind(Date.now() + 60_000, held.id)
      .run();
    const cancelled = await waitingPack(w);
    await post(`/v1/messages/${cancelled.messageId}/cancel`, undefined, w);
    for (const p of [held, cancelled]) await p.db.prepare("UPDATE packs SET claims = 5 WHERE id = ?1").bind(p.id).run();
    await bury(
      w.deps,
      [held, cancelled].map((p) => ({ v: 1, tenant: w.tenantId, shard: p.shard, pack: p.id })),
    );
    expect((await message(held.messageId, w)).status).toBe("processing");
    expect((await message(cancelled.messageId, w)).status).toBe("cancelled");
    expect(await letters("", w)).toEqual([]);
  });

  it("says that it does not know, where an earlier holder may have sent it", async () => {
    const w = await makeWorld();
    const { id, messageId, db, shard } = await waitingPack(w);
    await db.prepare("UPDATE packs SET lease = 'x', lease_until = 1, claims = 5 WHERE id = ?1").bind(id).run();
    await bury(w.deps, [{ v: 1, tenant: w.tenantId, shard, pack: id }]);
    expect((await message(messageId, w)).deliveries[0]?.phase).toBe("unknown");
    expect((await letters("", w))[0]?.code).toBe("consumer_crashed");
  });
});

describe("the operator", () => {
  const asOperator = { key: OPERATOR_KEY };

  it("sees the open letters of every tenant, and replays those of one", async () => {
    const [a, b] = [await makeWorld(), await makeWorld()];
    const [mine, other] = [await dead("rejected@sandbox.test", a), await dead("+447700900002", b)];
    await heal(mine, a);
    const survey = await json<{ counts: { tenant_id: string }[]; newest: { id: string }[] }>(
      a.call("GET", "/admin/dlq", asOperator),
    );
    expect(survey.counts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tenant_id: a.tenantId, channel: "email", code: "sandbox_permanent", open: 1 }),
        expect.objectContaining({ tenant_id: b.tenantId, channel: "sms", code: "sandbox_permanent", open: 1 }),
      ]),
    );
    expect(survey.newest.map((l) => l.id).slice(0, 2)).toEqual([other.id, mine.id]);
    const ask = { ...asOperator, body: { tenant_id: a.tenantId } };
    expect(await json(a.call("POST", "/admin/dlq/replay", ask))).toMatchObject({ matched: 1, replayed: 1, skipped: 0 });
    await eventually(async () => (await message(mine.message_id, a)).status === "delivered");
    expect((await letters("", b))[0]?.state).toBe("open");
    await json(a.call("POST", "/admin/dlq/replay", { ...asOperator, body: { tenant_id: "ten_none" } }), 404);
  });

  it("counts over all tenants before it replays", async () => {
    const w = await makeWorld();
    const letter = await dead("rejected@sandbox.test", w);
    const body = { filter: { code: letter.code }, dry_run: true, limit: 1000 };
    const { matched } = await json<{ matched: number }>(w.call("POST", "/admin/dlq/replay", { ...asOperator, body }));
    expect(matched).toBeGreaterThanOrEqual(1);
    expect((await letters("", w))[0]?.state).toBe("open");
  });
});
