/** Guards what a message costs: counts of billable operations on the three real Workers, never seconds. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Counts } from "../src/shared/adapters/ledger.ts";
import { readLedger, spent, stillLedger, type WorkerCounts } from "./ledger.ts";
import { postAll } from "./load.ts";
import { arrived, seenBy } from "./mock.ts";
import { batchBody, singleBody } from "./sends.ts";
import { type Mock, type Stack, setUp, startMock, startStack } from "./stack.ts";

/** Long enough that the last outcome is written once the provider has the message. */
const STILL_FOR_MS = 700;
/** The gate's alarm may fall into a measurement: a request, the sweep, and the time keys were last used. */
const ALARM = { object_requests: 1, d1_queries: 8, d1_rows_written: 2, object_rows_written: 3 } as const;

let mock: Mock;
let stack: Stack;

beforeAll(async () => {
  mock = await startMock();
  stack = await startStack({ ledger: true });
  await setUp(stack, stack.liveKey, mock);
  // Warm: the key, the template and the accounts are cached from here on, for 30 s.
  await post("/v1/send", 3, (i) => singleBody(i));
  await arrived(mock, 3);
  await stillLedger(stack, STILL_FOR_MS);
}, 90_000);

afterAll(async () => {
  await stack?.stop();
  await mock?.stop();
});

async function post(path: string, count: number, body: (i: number) => string): Promise<void> {
  const load = await postAll({
    ...stack,
    key: stack.liveKey,
    path,
    count,
    concurrency: 1,
    body,
    idempotencyKey: () => crypto.randomUUID(),
  });
  expect(load.failures).toEqual({});
}

/** What `work` cost, from its first request until the provider has `messages` more and all is still. */
async function costOf(
  messages: number,
  work: () => Promise<void>,
): Promise<{ before: WorkerCounts; after: WorkerCounts; all: Counts }> {
  const before = await readLedger(stack);
  const had = (await seenBy(mock)).unique;
  await work();
  expect((await arrived(mock, had + messages)).unique).toBe(had + messages);
  const after = await stillLedger(stack, STILL_FOR_MS);
  return { before, after, all: spent(before, after) };
}

test("a warm accept is one request of the gate and no query", async () => {
  const { before, after, all } = await costOf(0, () =>
    post("/v1/send", 20, (i) => singleBody(i, { schedule_at: "2099-01-01T00:00:00Z" })),
  );
  const api = spent({ api: before.api as Counts }, { api: after.api as Counts });
  expect(api).toMatchObject({ worker_requests: 20, object_requests: 20, d1_round_trips: 0, d1_queries: 0, queue_writes: 0 });
  // The key's record, the outbox row with its index, the meter.
  expect(all.object_rows_written).toBeLessThanOrEqual(20 * 4 + ALARM.object_rows_written);
});

test("fifty recipients of a batch are one pack: three round trips, one bell, three rows a message", async () => {
  const { all } = await costOf(50, () => post("/v1/batch", 1, (i) => batchBody(i, 50)));
  expect(all.object_requests).toBeLessThanOrEqual(1 + ALARM.object_requests);
  expect(all.object_rows_written).toBeLessThanOrEqual(6 + ALARM.object_rows_written);
  expect(all.queue_messages).toBe(1);
  expect(all.queue_writes + all.queue_reads + all.queue_deletes).toBe(3);
  // The row and its index when it is planned, the outcome; the order and the pack are shared.
  expect(all.d1_rows_written).toBeLessThanOrEqual(50 * 3 + 4 + ALARM.d1_rows_written);
  expect(all.d1_queries).toBeLessThanOrEqual(9 + ALARM.d1_queries);
  expect(all.worker_requests).toBe(2);
  expect(all.r2_class_a + all.r2_class_b).toBe(0);
});

test("a message that comes alone costs what it costs, and no more", async () => {
  const { all } = await costOf(5, () => post("/v1/send", 5, (i) => singleBody(i)));
  expect(all.object_requests).toBeLessThanOrEqual(5 + ALARM.object_requests);
  expect(all.object_rows_written).toBeLessThanOrEqual(5 * 5 + ALARM.object_rows_written);
  expect(all.d1_rows_written).toBeLessThanOrEqual(5 * 6 + ALARM.d1_rows_written);
  expect(all.d1_round_trips).toBeLessThanOrEqual(5 * 3 + ALARM.d1_queries);
  expect(all.queue_messages).toBeLessThanOrEqual(5);
  // Looking a message up costs no write.
  const read = await costOf(0, async () => {
    const id = [...((await (await fetch(`${mock.url}/arrivals`)).json()) as [string, number][])].at(-1)?.[0];
    const response = await fetch(`${stack.url}/v1/messages/${id}`, { headers: { authorization: `Bearer ${stack.liveKey}` } });
    expect(await response.json()).toMatchObject({ id, status: "sent" });
  });
  expect(read.all.d1_rows_written).toBeLessThanOrEqual(ALARM.d1_rows_written);
});
