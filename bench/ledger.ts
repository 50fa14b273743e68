/** What a message costs: every billable operation of the three Workers, as their bindings report it. */
import { COUNTERS, type Counts } from "../src/shared/adapters/ledger.ts";
import { postAll, round } from "./load.ts";
import { arrived, forget } from "./mock.ts";
import { DOLLARS_PER_MILLION_CPU_MS, DOLLARS_PER_OBJECT_SECOND, dollarsPerMillion } from "./prices.ts";
import { batchBody, singleBody } from "./sends.ts";
import type { Mock, Stack } from "./stack.ts";

/** The ledger stands still for so long before it is believed. */
export const STILL_FOR_MS = 2_500;
const STILL_WITHIN_MS = 30_000;

export type WorkerCounts = Readonly<Record<string, Counts>>;

/** What each Worker has counted so far. */
export async function readLedger(stack: Pick<Stack, "url" | "operatorKey">): Promise<WorkerCounts> {
  const response = await fetch(`${stack.url}/admin/ledger`, { headers: { authorization: `Bearer ${stack.operatorKey}` } });
  if (!response.ok) throw new Error(`GET /admin/ledger: ${response.status}`);
  return (await response.json()) as WorkerCounts;
}

/** The ledger once nothing has moved for a while. */
export async function stillLedger(stack: Pick<Stack, "url" | "operatorKey">, stillForMs = STILL_FOR_MS): Promise<WorkerCounts> {
  const end = Date.now() + STILL_WITHIN_MS;
  let last = await readLedger(stack);
  for (let since = Date.now(); Date.now() - since < stillForMs && Date.now() < end; ) {
    await new Promise((done) => setTimeout(done, 100));
    const now = await readLedger(stack);
    if (JSON.stringify(now) !== JSON.stringify(last)) since = Date.now();
    last = now;
  }
  return last;
}

/** Counts of all Workers between two readings. */
export function spent(before: WorkerCounts, after: WorkerCounts): Counts {
  const sum = (all: WorkerCounts, counter: keyof Counts) => Object.values(all).reduce((total, c) => total + c[counter], 0);
  return Object.fromEntries(COUNTERS.map((c) => [c, sum(after, c) - sum(before, c)])) as Counts;
}

export interface Charge {
  readonly messages: number;
  readonly seconds: number;
  readonly total: Counts;
}

/** What `work` cost, from its first request until all is still again. `work` returns how many messages it made. */
export async function charge(stack: Stack, mock: Mock, work: () => Promise<number>): Promise<Charge> {
  const before = await stillLedger(stack);
  await forget(mock);
  const began = performance.now();
  const messages = await work();
  await arrived(mock, messages);
  const seconds = (performance.now() - began) / 1000;
  return { messages, seconds, total: spent(before, await stillLedger(stack)) };
}

/** Per message, and in dollars for a million; `cpuMs` is measured on a stack that does not count. */
export function bill({ messages, seconds, total }: Charge, cpuMs: number) {
  const perMessage = Object.fromEntries(COUNTERS.map((c) => [c, round(total[c] / messages, 4)])) as Counts;
  const dollars = {
    ...dollarsPerMillion(perMessage),
    cpu: cpuMs * DOLLARS_PER_MILLION_CPU_MS,
    // One gate, in memory all the while: an upper bound.
    object_duration: (seconds / messages) * 1e6 * DOLLARS_PER_OBJECT_SECOND,
  };
  return {
    messages,
    per_message: { ...perMessage, cpu_ms: round(cpuMs, 3) },
    dollars_per_million: {
      ...Object.fromEntries(Object.entries(dollars).map(([what, d]) => [what, round(d, 4)])),
      total: round(Object.values(dollars).reduce((sum, d) => sum + d, 0)),
    },
  };
}

/** With `everyMs` between them, messages come alone: no pack holds two. */
export async function sendSingles(stack: Stack, count: number, concurrency: number, everyMs?: number): Promise<number> {
  const load = await postAll({
    ...stack,
    ...(everyMs === undefined ? {} : { everyMs }),
    key: stack.liveKey,
    path: "/v1/send",
    count,
    concurrency,
    body: (i) => singleBody(i),
    idempotencyKey: (i) => `${stack.pid}-${performance.now()}-${i}`,
  });
  return accepted(load.replies, 1);
}

export async function sendBatches(stack: Stack, count: number, size: number, concurrency: number): Promise<number> {
  const load = await postAll({
    ...stack,
    key: stack.liveKey,
    path: "/v1/batch",
    count,
    concurrency,
    body: (i) => batchBody(i, size),
  });
  return accepted(load.replies, size);
}

function accepted(replies: readonly unknown[], each: number): number {
  if (replies.includes(null)) throw new Error("a request of the ledger's load was refused");
  return replies.length * each;
}
