/** Requests over a fixed number of connections, and what their times say. */
import { Pool } from "undici";

export interface Reply {
  readonly body: unknown;
  /** When the request went out, or was due to; milliseconds since 1970. */
  readonly began: number;
  /** When the whole answer was there, milliseconds since 1970. */
  readonly at: number;
}

export interface Load {
  /** By request; null where it failed. */
  readonly replies: readonly (Reply | null)[];
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
  readonly startedAt: number;
  /** What went wrong → how often. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface Requests {
  readonly url: string;
  readonly key: string;
  readonly path: string;
  readonly count: number;
  readonly concurrency: number;
  readonly body: (index: number) => string;
  readonly idempotencyKey?: (index: number) => string;
  /** A request is due each so many milliseconds, and its latency counts from then. */
  readonly everyMs?: number;
}

/** Posts `count` bodies over `concurrency` connections, each as soon as the one before is answered, or when it is due. */
export async function postAll({ url, key, path, count, concurrency, body, idempotencyKey, everyMs }: Requests): Promise<Load> {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const replies: (Reply | null)[] = Array.from({ length: count }, () => null);
  const latenciesMs = Array.from({ length: count }, () => 0);
  const failures: Record<string, number> = {};
  const one = async (index: number): Promise<void> => {
    let beganMs = performance.now();
    if (everyMs !== undefined) {
      const dueMs = t0 + index * everyMs;
      if (dueMs > beganMs) await new Promise((done) => setTimeout(done, dueMs - beganMs));
      beganMs = dueMs;
    }
    try {
      const answer = await pool.request({
        path,
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          ...(idempotencyKey ? { "idempotency-key": idempotencyKey(index) } : {}),
        },
        body: body(index),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 202) throw new Error(`status ${answer.statusCode}: ${text.slice(0, 200)}`);
      replies[index] = { body: JSON.parse(text), began: startedAt + beganMs - t0, at: Date.now() };
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      failures[what] = (failures[what] ?? 0) + 1;
    }
    latenciesMs[index] = performance.now() - beganMs;
  };
  const startedAt = Date.now();
  const t0 = performance.now();
  await eachOf(count, concurrency, one);
  const seconds = (performance.now() - t0) / 1000;
  await pool.close();
  return { replies, latenciesMs, seconds, startedAt, failures };
}

/** Reads messages back: status → how many have it. A `null` id is not read. */
export async function statuses(
  url: string,
  key: string,
  ids: readonly string[],
  concurrency: number,
): Promise<Record<string, number>> {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const seen: Record<string, number> = {};
  await eachOf(ids.length, concurrency, async (index) => {
    const answer = await pool.request({
      path: `/v1/messages/${ids[index]}`,
      method: "GET",
      headers: { authorization: `Bearer ${key}` },
    });
    const { status } = (await answer.body.json()) as { status: string | number };
    seen[status] = (seen[status] ?? 0) + 1;
  });
  await pool.close();
  return seen;
}

async function eachOf(count: number, concurrency: number, job: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

/** The smallest value that `share` of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
