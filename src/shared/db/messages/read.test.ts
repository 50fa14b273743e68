import { beforeAll, describe, expect, it } from "vitest";
import { testDeps } from "../../testing/world.ts";
import { SCAN_ROWS } from "./pages.ts";
import { messagesOf } from "./read.ts";

const scope = { tenantId: "ten_read", projectId: "prj_read" };
const ROWS = SCAN_ROWS + 100;

/** A database whose reads are counted. */
function counting(db: D1Database): { db: D1Database; rowsRead: () => number } {
  let rows = 0;
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        if (name !== "all") return Reflect.get(target, name).bind(target);
        return async () => {
          const result = await target.all();
          rows += result.meta.rows_read;
          return result;
        };
      },
    });
  const counted = new Proxy(db, {
    get: (target, name) =>
      name === "prepare" ? (sql: string) => wrap(target.prepare(sql)) : Reflect.get(target, name).bind(target),
  });
  return { db: counted, rowsRead: () => rows };
}

let db: D1Database;
beforeAll(async () => {
  db = testDeps().shards[0] as D1Database;
  // Ids grow with the row's number; only the oldest is an SMS.
  await db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
       INSERT INTO messages (tenant_id, id, project_id, mode, status, channel, recipient, priority, deliveries, log, created_at, due_at, updated_at)
       SELECT '${scope.tenantId}', 'msg_' || printf('%026d', i), '${scope.projectId}', 'live', 'queued',
         CASE i WHEN 1 THEN 'sms' ELSE 'email' END, CASE WHEN i % 1000 = 0 THEN 'a@b.example' ELSE 'c@d.example' END,
         'normal', '[]', '[]', i, i, i FROM n`,
    )
    .run();
});

describe("a list of messages", () => {
  it("reads no more rows than it shows, where nothing narrows it", async () => {
    const counted = counting(db);
    const page = await messagesOf(counted.db, scope, 1).list({}, null, 21);
    expect(page.rows).toHaveLength(21);
    expect(counted.rowsRead()).toBeLessThan(60);
  });

  it("finds a recipient by the index", async () => {
    const counted = counting(db);
    const page = await messagesOf(counted.db, scope, 1).list({ recipients: ["a@b.example"] }, null, 50);
    expect(page.rows.map((m) => m.createdAt)).toEqual(Array.from({ length: 20 }, (_, i) => (20 - i) * 1000));
    expect(page.floor).toBe(null);
    expect(counted.rowsRead()).toBeLessThan(100);
  });

  it("stops looking after so many rows, and goes on from there without a gap", async () => {
    const messages = messagesOf(db, scope, 1);
    const first = await messages.list({ channel: "sms" }, null, 10);
    expect(first.rows).toEqual([]);
    expect(first.floor).toBe(`msg_${String(ROWS - SCAN_ROWS + 1).padStart(26, "0")}`);
    const second = await messages.list({ channel: "sms" }, first.floor, 10);
    expect(second.rows.map((m) => m.createdAt)).toEqual([1]);
    expect(second.floor).toBe(null);
  });

  it("shows nothing of another project or tenant", async () => {
    for (const other of [
      { ...scope, projectId: "prj_other" },
      { ...scope, tenantId: "ten_other" },
    ]) {
      expect((await messagesOf(db, other, 1).list({ recipients: ["a@b.example"] }, null, 50)).rows).toEqual([]);
      expect(await messagesOf(db, other, 1).get(`msg_${"1".padStart(26, "0")}`)).toBe(null);
    }
  });
});
