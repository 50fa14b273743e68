import { createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { beforeAll, expect, test } from "vitest";
import type { DispatcherBindings } from "../runtime/wire.ts";
import { type Counts, Ledger } from "./ledger.ts";

const bindings = env as unknown as DispatcherBindings;

beforeAll(async () => {
  await bindings.DB.exec("CREATE TABLE ledger_rows (a INTEGER PRIMARY KEY, b TEXT)");
  await bindings.DB.exec("CREATE INDEX ledger_rows_b ON ledger_rows (b)");
  await bindings.DB.exec("CREATE TABLE ledger_flat (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID");
});

/** What `work` cost. */
async function costOf(work: (ledger: Ledger) => Promise<void>): Promise<Partial<Counts>> {
  const ledger = new Ledger();
  await work(ledger);
  return Object.fromEntries(Object.entries(ledger.read()).filter(([, n]) => n !== 0));
}

test("a row and each of its indexes are rows written, a batch is one round trip", async () => {
  const cost = await costOf(async (ledger) => {
    const db = ledger.database(bindings.DB);
    await db.batch([
      db.prepare("INSERT INTO ledger_rows VALUES (?, ?), (?, ?)").bind(1, "x", 2, "y"),
      db.prepare("INSERT INTO ledger_flat VALUES ('k', 'v')"),
    ]);
  });
  expect(cost).toMatchObject({ d1_round_trips: 1, d1_queries: 2, d1_rows_written: 5 });
});

test("every way to read counts rows, and answers as it would without the ledger", async () => {
  await bindings.DB.exec("INSERT OR REPLACE INTO ledger_rows VALUES (11, 'p'), (12, 'p')");
  const select = "SELECT a, b AS a FROM ledger_rows WHERE a IN (11, 12)";
  const cost = await costOf(async (ledger) => {
    const db = ledger.database(bindings.DB);
    expect(await db.prepare(select).raw()).toEqual(await bindings.DB.prepare(select).raw());
    expect(await db.prepare(select).first()).toEqual(await bindings.DB.prepare(select).first());
    expect((await db.prepare(select).all()).results).toEqual((await bindings.DB.prepare(select).all()).results);
    expect(await db.withSession().prepare(select).raw()).toHaveLength(2);
    expect(await drizzle(db).all(sql.raw(select))).toHaveLength(2);
  });
  const rowsRead = (await bindings.DB.prepare(select).all()).meta.rows_read;
  expect(cost).toEqual({ d1_round_trips: 5, d1_queries: 5, d1_rows_read: 5 * rowsRead });
});

test("an error of the database comes through as it is", async () => {
  const db = new Ledger().database(bindings.DB);
  await expect(db.prepare("SELECT * FROM nowhere").all()).rejects.toThrow("no such table: nowhere");
});

test("a queue message costs an operation for each 64 KB, written, read and deleted", async () => {
  const sent: unknown[] = [];
  const queue = {
    send: async (body: unknown) => void sent.push(body),
    sendBatch: async (all: MessageSendRequest[]) => void sent.push(...all.map((m) => m.body)),
  } as unknown as Queue<unknown>;
  const cost = await costOf(async (ledger) => {
    await ledger.queue(queue).send({ small: 1 });
    await ledger.queue(queue).sendBatch([{ body: "x".repeat(63_000) }, { body: "x".repeat(65_000) }]);
    const batch = createMessageBatch(
      "q",
      ["x", "x".repeat(65_000)].map((body, i) => ({ id: `${i}`, timestamp: new Date(), attempts: 1, body })),
    );
    await ledger.consume(batch, async () => {});
  });
  expect(sent).toHaveLength(3);
  expect(cost).toEqual({ worker_requests: 1, queue_messages: 3, queue_writes: 4, queue_reads: 3, queue_deletes: 3 });
});

test("a message that is to come again is read and not deleted", async () => {
  const batchOf = (n: number) =>
    createMessageBatch(
      "q",
      Array.from({ length: n }, (_, i) => ({ id: `${i}`, timestamp: new Date(), attempts: 1, body: i })),
    );
  expect(
    await costOf((ledger) =>
      ledger.consume(batchOf(3), async (batch) => {
        batch.messages[0]?.ack();
        batch.messages[1]?.retry({ delaySeconds: 5 });
      }),
    ),
  ).toEqual({ worker_requests: 1, queue_reads: 3, queue_deletes: 2 });
  expect(await costOf((ledger) => ledger.consume(batchOf(3), async (batch) => batch.retryAll()))).toEqual({
    worker_requests: 1,
    queue_reads: 3,
  });
});

test("a bucket's calls fall in their class, and deleting is free", async () => {
  const cost = await costOf(async (ledger) => {
    const files = ledger.bucket(bindings.FILES);
    await files.put("ledger/a", "text");
    expect(await (await files.get("ledger/a"))?.text()).toBe("text");
    await files.head("ledger/a");
    await files.list({ prefix: "ledger/" });
    await files.delete("ledger/a");
  });
  expect(cost).toEqual({ r2_class_a: 2, r2_class_b: 2 });
});

test("a call of an object's method is a request", async () => {
  const cost = await costOf(async (ledger) => {
    const { TENANT_GATE } = ledger.bindings(bindings);
    const gate = TENANT_GATE.getByName("ten_ledger#0") as unknown as { stats(): Promise<{ held: number }> };
    expect((await gate.stats()).held).toBe(0);
    await gate.stats();
  });
  expect(cost).toEqual({ object_requests: 2 });
});

test("an object's rows are counted as its cursors are read, an alarm set is a row", async () => {
  const stub = bindings.TENANT_GATE.getByName("ten_ledger#1");
  let rowsRead = 0;
  const cost = await costOf((ledger) =>
    runInDurableObject(stub, async (_: unknown, state: DurableObjectState) => {
      ledger.object(state);
      const { storage } = state;
      storage.sql.exec("CREATE TABLE ledger_rows (a INTEGER PRIMARY KEY, b TEXT)");
      storage.sql.exec("CREATE INDEX ledger_rows_b ON ledger_rows (b)");
      ledger.reset();
      storage.transactionSync(() => {
        for (let i = 0; i < 20; i++) rowsRead += storage.sql.exec("INSERT INTO ledger_rows VALUES (?, ?)", i, "x").rowsRead;
      });
      const cursor = storage.sql.exec("SELECT * FROM ledger_rows WHERE a < 5");
      expect(cursor.toArray()).toHaveLength(5);
      rowsRead += cursor.rowsRead;
      await storage.setAlarm(Date.now() + 3_600_000);
      await storage.deleteAlarm();
    }),
  );
  expect(cost).toEqual({ object_rows_read: rowsRead, object_rows_written: 41 });
});

test("an environment is counted whole, and what is not a billable binding stays what it was", async () => {
  const ledger = new Ledger();
  const { DB, FILES, LOG_LEVEL } = ledger.bindings(bindings);
  await DB.prepare("SELECT 1").run();
  await FILES.head("ledger/none");
  expect(LOG_LEVEL).toBe(bindings.LOG_LEVEL);
  expect(ledger.read()).toMatchObject({ d1_queries: 1, r2_class_b: 1 });
});

test("a reset forgets what was counted before", async () => {
  const ledger = new Ledger();
  ledger.add("worker_requests", 3);
  ledger.reset();
  expect(ledger.read().worker_requests).toBe(0);
});
