/** What others wait for while one tenant has a large bulk backlog: another tenant's messages of each priority, and its own. */
import { percentile, postAll } from "./load.ts";
import { arrivals, arrived, forget } from "./mock.ts";
import { batchBody, idsOfBatch, idsOfSend, singleBody } from "./sends.ts";
import type { Mock, Stack } from "./stack.ts";

const PROBES = 200;
const EVERY_MS = 20;
const CONNECTIONS = 16;
const CARRIED_WITHIN_MS = 120_000;
/** The list is long, and who writes it is whom we measure. */
const ASK_EVERY_MS = 1000;

type Priority = "critical" | "normal" | "low";

/** `backlog` messages of low priority, and then probes while they wait. */
export async function fairness(stack: Stack, mock: Mock, backlog: number) {
  const other = (priority: Priority) => probe(stack, mock, stack.otherKey, priority);
  await other("critical"); // warm
  const quiet = { critical: await other("critical"), normal: await other("normal"), low: await other("low") };
  const bulk = await postAll({
    ...stack,
    key: stack.liveKey,
    path: "/v1/batch",
    count: Math.ceil(backlog / 1000),
    concurrency: 4,
    body: (i) => batchBody(i, 1000, { priority: "low" }),
  });
  const ids = bulk.replies.flatMap((r) => (r ? idsOfBatch(r.body) : []));
  const still_waiting: number[] = [];
  const count = async (): Promise<void> => {
    const came = await arrivals(mock);
    still_waiting.push(ids.filter((id) => !came.has(id)).length);
  };
  await count();
  const sameTenant = { critical: await probe(stack, mock, stack.liveKey, "critical") };
  await count();
  const otherTenant: Partial<Record<Priority, Waits>> = {};
  for (const priority of ["critical", "normal", "low"] as const) {
    otherTenant[priority] = await other(priority);
    await count();
  }
  const seen = await arrived(mock, ids.length);
  const carried = { all: (await arrivals(mock)).size >= ids.length, duplicates: seen.duplicates };
  const delivered_per_s = Math.round((ids.length / (seen.last_unique_at - bulk.startedAt)) * 1000);
  await forget(mock);
  return {
    backlog: ids.length,
    // Of the backlog, when the probes began, and after each of them: 0 before the last means that it was too small.
    still_waiting,
    quiet,
    same_tenant: sameTenant,
    other_tenant: otherTenant,
    carried,
    delivered_per_s,
  };
}

type Waits = Awaited<ReturnType<typeof probe>>;

/** Sends at a steady rate: from the moment they are due to the 202, and to the provider. */
async function probe(stack: Stack, mock: Mock, key: string, priority: Priority) {
  const load = await postAll({
    ...stack,
    key,
    path: "/v1/send",
    count: PROBES,
    concurrency: CONNECTIONS,
    everyMs: EVERY_MS,
    body: (i) => singleBody(i, { priority }),
  });
  const sent = load.replies.flatMap((r) => (r ? idsOfSend(r.body).map((id) => ({ id, began: r.began })) : []));
  if (sent.length < PROBES) throw new Error(`${priority} sends failed: ${JSON.stringify(load.failures)}`);
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
    if (Date.now() > end) throw new Error("a probe did not reach the provider");
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  }
}
