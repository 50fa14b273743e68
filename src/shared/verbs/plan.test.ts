import { expect, it } from "vitest";
import type { Priority } from "../core/channels.ts";
import { mintMessageIds } from "../core/ids.ts";
import type { Submission } from "../core/message.ts";
import { testDeps } from "../testing/world.ts";
import { listenersOf } from "./listeners.ts";
import { plan } from "./plan.ts";

it("queues what a gate hands over as due, also where this clock runs behind the gate's", async () => {
  const deps = testDeps();
  const now = deps.now();
  const first = mintMessageIds({ at: 0, sequence: 0 }, 1, { now, dbShard: 0, gateShard: 0, random: deps.random });
  const due: Submission = {
    first,
    project_id: "prj_plan",
    mode: "test",
    priority: "normal",
    accepted_at: now - 5000,
    due_at: now,
    expires_at: null,
    order: { request_id: "req_plan", content: { sms: { text: "T" } } },
    to: [{ channel: "sms", destination: "+447700900123" }],
  };
  await plan({ ...deps, now: () => now - 1000 }, "ten_plan", [due]);
  const db = deps.shards[0] as D1Database;
  const row = await db.prepare("SELECT log FROM messages WHERE id = ?1").bind(first).first<{ log: string }>();
  expect((JSON.parse(row?.log ?? "[]") as { type: string }[]).map((e) => e.type).slice(0, 2)).toEqual(["scheduled", "queued"]);
});

it("answers what of the tenant waits by then in the lanes that can be held back, and asks nothing for the express lane", async () => {
  const deps = testDeps({ ringer: { ring: async () => {}, signal: async () => {} } });
  const now = deps.now();
  const mint = { at: 0, sequence: 0 };
  const run = (priority: Priority, dbShard: number): Submission => ({
    first: mintMessageIds(mint, 60, { now, dbShard, gateShard: 0, random: deps.random }),
    project_id: "prj_plan",
    mode: "test",
    priority,
    accepted_at: now,
    due_at: now,
    expires_at: null,
    order: { request_id: "req_plan", content: { sms: { text: "T" } } },
    to: Array.from({ length: 60 }, () => ({ channel: "sms", destination: "+447700900123" })),
  });
  const at = { ...deps, now: () => now };
  expect(await plan(at, "ten_pressed", [run("high", 0)])).toEqual([]);
  expect(await plan(at, "ten_pressed", [run("low", 0), run("low", 1), run("normal", 1)])).toEqual([
    { dbShard: 0, lane: "bulk", waiting: 2, oldestMs: 0 },
    { dbShard: 0, lane: "express", waiting: 6, oldestMs: 0 },
    { dbShard: 1, lane: "bulk", waiting: 2, oldestMs: 0 },
    { dbShard: 1, lane: "standard", waiting: 2, oldestMs: 0 },
  ]);
});

it("asks the control database once for whom not to write to, whatever it plans, and finds each by its whole key", async () => {
  const asked: { sql: string; params: unknown[] }[] = [];
  const deps = testDeps({ ringer: { ring: async () => {}, signal: async () => {} } });
  await listenersOf(deps, { tenantId: "ten_asks" }); // cached for ten seconds: not what is counted here
  const control = new Proxy(deps.control, {
    get(target, property) {
      if (property !== "prepare") return Reflect.get(target, property);
      return (sql: string) => {
        const statement = target.prepare(sql);
        return {
          bind: (...params: unknown[]) => {
            asked.push({ sql, params });
            return statement.bind(...params);
          },
        };
      };
    },
  });
  const now = deps.now();
  const mint = { at: 0, sequence: 0 };
  const run = (dbShard: number): Submission => ({
    first: mintMessageIds(mint, 250, { now, dbShard, gateShard: 0, random: deps.random }),
    project_id: "prj_plan",
    mode: "test",
    priority: "low",
    accepted_at: now,
    due_at: now,
    expires_at: null,
    order: { request_id: "req_plan", content: { sms: { text: "T" } } },
    to: Array.from({ length: 250 }, (_, i) => ({ channel: "sms", destination: `+4477009${String(i).padStart(5, "0")}` })),
  });
  await plan({ ...deps, control }, "ten_asks", [run(0), run(1)]);
  expect(asked).toHaveLength(1);
  const [{ sql, params } = { sql: "", params: [] }] = asked;
  const { results } = await deps.control
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...params)
    .all<{ detail: string }>();
  const [line] = results.map((row) => row.detail).filter((detail) => / s /.test(detail));
  expect(line).toContain("(tenant_id=? AND channel=? AND destination=?)");
});
