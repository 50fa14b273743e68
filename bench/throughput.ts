/** How fast: accepted, carried, and at which cost of CPU and memory. */
import { randomUUID } from "node:crypto";
import { type Load, percentile, postAll, round, statuses } from "./load.ts";
import { arrivals, arrived, forget } from "./mock.ts";
import { meter } from "./peers/meter.mjs";
import { batchBody, idsOfBatch, idsOfSend, singleBody } from "./sends.ts";
import type { Mock, Stack } from "./stack.ts";

const WARM_UP = 500;
const SENT_WITHIN_MS = 20_000;

export interface Sizes {
  readonly n: number;
  readonly concurrency: number;
  readonly batches: number;
  readonly batchSize: number;
  readonly batchConcurrency: number;
}

/** `n` single sends, each with a key of its own. */
export async function single(stack: Stack, mock: Mock, { n, concurrency }: Sizes) {
  await warmUp(stack, mock, concurrency);
  const run = randomUUID();
  return measured(stack, mock, idsOfSend, () =>
    postAll({
      ...stack,
      key: stack.liveKey,
      path: "/v1/send",
      count: n,
      concurrency,
      body: (i) => singleBody(i),
      idempotencyKey: (i) => `${run}-${i}`,
    }),
  );
}

/** Batches of recipients. */
export async function batch(stack: Stack, mock: Mock, { batches, batchSize, batchConcurrency }: Sizes) {
  await warmUp(stack, mock, batchConcurrency);
  const measures = await measured(stack, mock, idsOfBatch, () =>
    postAll({
      ...stack,
      key: stack.liveKey,
      path: "/v1/batch",
      count: batches,
      concurrency: batchConcurrency,
      body: (i) => batchBody(i, batchSize),
    }),
  );
  return { batches, batch_size: batchSize, ...measures };
}

/** The JIT is warm, caches are filled, and the mock has forgotten. */
async function warmUp(stack: Stack, mock: Mock, concurrency: number): Promise<void> {
  const load = await postAll({
    ...stack,
    key: stack.liveKey,
    path: "/v1/send",
    count: WARM_UP,
    concurrency,
    body: (i) => singleBody(i),
  });
  if (Object.keys(load.failures).length > 0) throw new Error(`warm-up failed: ${JSON.stringify(load.failures)}`);
  await arrived(mock, WARM_UP);
  await sleep(500);
  await forget(mock);
}

async function measured(stack: Stack, mock: Mock, idsOf: (body: unknown) => readonly string[], work: () => Promise<Load>) {
  const gauge = meter({ carillon: stack.pid }, [mock.pid]);
  const load = await work();
  const acceptedAt = new Map(load.replies.flatMap((r) => (r ? idsOf(r.body).map((id): [string, number] => [id, r.at]) : [])));
  const seen = await arrived(mock, acceptedAt.size);
  await sleep(200); // the last outcomes are written
  const used = await gauge.stop();
  const came = await arrivals(mock);
  const waitsMs = [...acceptedAt].flatMap(([id, at]) => (came.has(id) ? [(came.get(id) ?? at) - at] : []));
  const doneSeconds = (seen.last_unique_at - load.startedAt) / 1000;
  const messages = acceptedAt.size;
  return {
    requests: load.replies.length,
    messages,
    accepted_per_s: round(messages / load.seconds, 1),
    accept_p50_ms: percentile(load.latenciesMs, 0.5),
    accept_p95_ms: percentile(load.latenciesMs, 0.95),
    accept_p99_ms: percentile(load.latenciesMs, 0.99),
    errors: load.replies.filter((r) => r === null).length,
    failures: load.failures,
    delivered: seen.unique,
    delivered_per_s: round(seen.unique / doneSeconds, 1),
    duplicates: seen.duplicates,
    /** The provider may have it before the client has its 202. */
    accept_to_provider_p50_ms: percentile(waitsMs, 0.5),
    accept_to_provider_p99_ms: percentile(waitsMs, 0.99),
    cpu_s_per_1000: round((used.cpu_s / messages) * 1000, 3),
    peak_rss_mb: round(used.rss / 2 ** 20, 0),
    peak_pss_mb: round(used.pss / 2 ** 20, 0),
    harness_cpu_s_per_1000: round((used.harness_s / messages) * 1000, 3),
    other_cpu_pct: round(used.other_pct, 1),
    statuses: await settledStatuses(stack, [...acceptedAt.keys()]),
  };
}

/** Reads all messages back until all are `sent`, or for a while. */
async function settledStatuses(stack: Stack, ids: readonly string[]): Promise<Record<string, number>> {
  const end = Date.now() + SENT_WITHIN_MS;
  for (;;) {
    const seen = await statuses(stack.url, stack.liveKey, ids, 32);
    if (seen.sent === ids.length || Date.now() > end) return seen;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
