/** What a critical message waits for while a large bulk backlog stands before it, its own tenant's and another's. */
import { closedLoop, percentile } from "./load.ts";
import { arrivals, arrived, forget } from "./mock.ts";
import { batchBody, idsOfBatch, idsOfSend, singleBody } from "./sends.ts";
import type { Mock, Stack } from "./stack.ts";

const PROBES = 200;
const EVERY_MS = 20;

export async function criticalUnderBulk(stack: Stack, mock: Mock, backlog: number) {
  const quiet = await probe(stack, mock, stack.otherKey);
  const posted = closedLoop({
    ...stack,
    key: stack.liveKey,
    path: "/v1/batch",
    count: Math.ceil(backlog / 1000),
    concurrency: 4,
    body: (i) => batchBody(i, 1000, { priority: "low" }),
  });
  await posted;
  const other = await probe(stack, mock, stack.otherKey);
  const same = await probe(stack, mock, stack.liveKey);
  const bulk = (await posted).replies.flatMap((r) => (r ? idsOfBatch(r.body) : []));
  const early = await arrivals(mock);
  const waiting = bulk.filter((id) => !early.has(id)).length;
  await arrived(mock, bulk.length + 3 * PROBES);
  await forget(mock);
  return { backlog: bulk.length, still_waiting_at_the_end: waiting, quiet, other_tenant: other, same_tenant: same };
}

/** Critical sends at a steady rate: from the request to the 202, and from the request to the provider. */
async function probe(stack: Stack, mock: Mock, key: string) {
  const sent: { id: string; began: number; acceptMs: number }[] = [];
  const all: Promise<void>[] = [];
  for (let i = 0; i < PROBES; i++) {
    all.push(
      (async () => {
        const began = Date.now();
        const load = await closedLoop({
          ...stack,
          key,
          path: "/v1/send",
          count: 1,
          concurrency: 1,
          body: () => singleBody(i, { priority: "critical" }),
        });
        const [id] = load.replies[0] ? idsOfSend(load.replies[0].body) : [];
        if (id === undefined) throw new Error(`a critical send failed: ${JSON.stringify(load.failures)}`);
        sent.push({ id, began, acceptMs: load.latenciesMs[0] ?? 0 });
      })(),
    );
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
  await Promise.all(all);
  const waitsMs = await waitsOf(mock, sent);
  const acceptMs = sent.map((s) => s.acceptMs);
  return {
    accept_p50_ms: percentile(acceptMs, 0.5),
    accept_p99_ms: percentile(acceptMs, 0.99),
    to_provider_p50_ms: percentile(waitsMs, 0.5),
    to_provider_p95_ms: percentile(waitsMs, 0.95),
    to_provider_p99_ms: percentile(waitsMs, 0.99),
  };
}

async function waitsOf(mock: Mock, sent: readonly { id: string; began: number }[]): Promise<number[]> {
  const end = Date.now() + 30_000;
  for (;;) {
    const came = await arrivals(mock);
    const waits = sent.map(({ id, began }) => (came.get(id) ?? Number.POSITIVE_INFINITY) - began);
    if (waits.every(Number.isFinite) || Date.now() > end) return waits;
    await new Promise((done) => setTimeout(done, 50));
  }
}
