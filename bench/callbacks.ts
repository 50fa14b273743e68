/**
 * What providers call back with: how many events a second until the last is in its message's log, and what one costs.
 * Postmark's, since they prove themselves by a password: the harness has nothing to sign.
 */
import { randomUUID } from "node:crypto";
import { Pool } from "undici";
import { COUNTERS, type Counts } from "../src/shared/adapters/ledger.ts";
import { attemptId } from "../src/shared/core/ids.ts";
import { STILL_FOR_MS, spent, stillLedger } from "./ledger.ts";
import { percentile, postAll, round, statuses } from "./load.ts";
import { arrived } from "./mock.ts";
import { dollarsPerMillion } from "./prices.ts";
import { batchBody, idsOfBatch } from "./sends.ts";
import { type Mock, post, type Stack } from "./stack.ts";

const CONCURRENCY = 32;
const SIGN_IN = { username: "bench", password: "bench-bench-bench-bench" };

/** Of a stack that counts. `count` events of as many messages, 32 at a time; then some that come alone, four a second. */
export async function callbacks(stack: Stack, mock: Mock, count: number) {
  const connection = (await post(stack.url, stack.liveKey, "/v1/connections", {
    channel: "email",
    provider: "postmark",
    name: "Bench callbacks",
    enabled: false,
    credentials: { server_token: randomUUID() },
    settings: { from: "shop@example.com" },
    callback_verification: SIGN_IN,
  })) as { callback_url: string };
  const ids = await sentMessages(stack, mock, count);
  const path = new URL(connection.callback_url).pathname;
  const half = Math.ceil(count / 2);
  await told(stack, path, ids.slice(0, 200)); // warm
  const loaded = await measured(stack, path, ids.slice(200, half), 0);
  const alone = await measured(stack, path, ids.slice(half, half + 40), 250);
  return { loaded, alone };
}

async function sentMessages(stack: Stack, mock: Mock, count: number): Promise<string[]> {
  const batches = Math.ceil(count / 1000);
  const load = await postAll({
    ...stack,
    key: stack.liveKey,
    path: "/v1/batch",
    count: batches,
    concurrency: 2,
    body: (i) => batchBody(i, 1000),
  });
  await arrived(mock, batches * 1000);
  return load.replies.flatMap((reply) => (reply ? idsOfBatch(reply.body) : []));
}

async function measured(stack: Stack, path: string, ids: readonly string[], everyMs: number) {
  const before = await stillLedger(stack);
  const began = performance.now();
  const latenciesMs = await told(stack, path, ids, everyMs);
  const answeredSeconds = (performance.now() - began) / 1000;
  const after = await stillLedger(stack); // nothing moves any more: the last one is written
  const seconds = (performance.now() - began - STILL_FOR_MS) / 1000;
  await expectRecorded(stack, ids);
  const total = spent(before, after);
  const perEvent = Object.fromEntries(COUNTERS.map((c) => [c, round(total[c] / ids.length, 4)])) as Counts;
  return {
    events: ids.length,
    answered_per_s: round(ids.length / answeredSeconds, 1),
    recorded_per_s: round(ids.length / seconds, 1),
    answer_p50_ms: percentile(latenciesMs, 0.5),
    answer_p99_ms: percentile(latenciesMs, 0.99),
    per_event: perEvent,
    dollars_per_million: dollarsPerMillion(perEvent),
  };
}

/** Posts a delivery of each message; answers how long each took. */
async function told(stack: Stack, path: string, ids: readonly string[], everyMs = 0): Promise<number[]> {
  const pool = new Pool(stack.url, { connections: everyMs > 0 ? 1 : CONCURRENCY, pipelining: 1 });
  const authorization = `Basic ${btoa(`${SIGN_IN.username}:${SIGN_IN.password}`)}`;
  const latenciesMs: number[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < ids.length) {
      const id = ids[next++] ?? "";
      const beganMs = performance.now();
      const event = {
        RecordType: "Delivery",
        MessageID: randomUUID(),
        Recipient: "user@example.com",
        DeliveredAt: new Date().toISOString(),
        Metadata: { attempt_id: attemptId(id, 0, 1) },
      };
      const answer = await pool.request({
        path,
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(event),
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`a callback was answered ${answer.statusCode}`);
      latenciesMs.push(performance.now() - beganMs);
      if (everyMs > 0) await new Promise((done) => setTimeout(done, everyMs));
    }
  };
  await Promise.all(Array.from({ length: everyMs > 0 ? 1 : CONCURRENCY }, loop));
  await pool.close();
  return latenciesMs;
}

async function expectRecorded(stack: Stack, ids: readonly string[]): Promise<void> {
  const seen = await statuses(stack.url, stack.liveKey, ids, CONCURRENCY);
  if (seen.delivered !== ids.length) throw new Error(`not all are recorded: ${JSON.stringify(seen)}`);
}
