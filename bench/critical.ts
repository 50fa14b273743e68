/** What a critical message waits for while a large bulk backlog stands before it, its own tenant's and another's. */
import { percentile, postAll } from "./load.ts";
import { arrivals, arrived, forget } from "./mock.ts";
import { batchBody, idsOfBatch, idsOfSend, singleBody } from "./sends.ts";
import type { Mock, Stack } from "./stack.ts";

const PROBES = 200;
const EVERY_MS = 20;
const CONNECTIONS = 16;
const CARRIED_WITHIN_MS = 60_000;

/** `backlog` messages of low priority, and then probes while they wait. */
export async function criticalUnderBulk(stack: Stack, mock: Mock, backlog: number) {
  await probe(stack, mock, stack.otherKey); // warm
  const quiet = await probe(stack, mock, stack.otherKey);
  const bulk = await postAll({
    ...stack,
    key: stack.liveKey,
    path: "/v1/batch",
    count: Math.ceil(backlog / 1000),
    concurrency: 4,
    body: (i) => batchBody(i, 1000, { priority: "low" }),
  });
  const ids = bulk.replies.flatMap((r) => (r ? idsOfBatch(r.body) : []));
  const waiting = async (): Promise<number> => {
    const came = await arrivals(mock);
    return ids.filter((id) => !came.has(id)).length;
  };
  const before = await waiting();
  const otherTenant = await probe(stack, mock, stack.otherKey);
  const between = await waiting();
  const sameTenant = await probe(stack, mock, stack.liveKey);
  const after = await waiting();
  await arrived(mock, ids.length);
  await forget(mock);
  return {
    backlog: ids.length,
    // Of the backlog, when the probes began, changed tenant, and ended: 0 at the end means that it was too small.
    still_waiting: [before, between, after],
    quiet,
    other_tenant: otherTenant,
    same_tenant: sameTenant,
  };
}

/** Critical sends at a steady rate: from the moment they are due to the 202, and to the provider. */
async function probe(stack: Stack, mock: Mock, key: string) {
  const load = await postAll({
    ...stack,
    key,
    path: "/v1/send",
    count: PROBES,
    concurrency: CONNECTIONS,
    everyMs: EVERY_MS,
    body: (i) => singleBody(i, { priority: "critical" }),
  });
  const sent = load.replies.flatMap((r) => (r ? idsOfSend(r.body).map((id) => ({ id, began: r.began })) : []));
  if (sent.length < PROBES) throw new Error(`critical sends failed: ${JSON.stringify(load.failures)}`);
  const waitsMs = await waitsOf(mock, sent);
  return {
    accept_p50_ms: percentile(load.latenciesMs, 0.5),
    accept_p99_ms: percentile(load.latenciesMs, 0.99),
    to_provider_p50_ms: percentile(waitsMs, 0.5),
    to_provider_p95_ms: percentile(waitsMs, 0.95),
    to_provider_p99_ms: percentile(waitsMs, 0.99),
  };
}

async function waitsOf(mock: Mock, sent: readonly { id: string; began: number }[]): Promise<number[]> {
  const end = Date.now() + CARRIED_WITHIN_MS;
  for (;;) {
    const came = await arrivals(mock);
    const waits = sent.map(({ id, began }) => (came.get(id) ?? Number.POSITIVE_INFINITY) - began);
    if (waits.every(Number.isFinite)) return waits;
    if (Date.now() > end) throw new Error("a critical message did not reach the provider");
    await new Promise((done) => setTimeout(done, 50));
  }
}
