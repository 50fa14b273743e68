/** What the mock provider saw (peers/mock-provider.mjs). */
import type { Mock } from "./stack.ts";

const POLL_MS = 20;

export interface Seen {
  readonly count: number;
  readonly unique: number;
  readonly duplicates: number;
  readonly no_id: number;
  readonly last_unique_at: number;
}

export async function seenBy(mock: Mock): Promise<Seen> {
  return (await (await fetch(`${mock.url}/count`)).json()) as Seen;
}

/** Waits until it has `count` messages, or for `timeoutMs`. */
export async function arrived(mock: Mock, count: number, timeoutMs = 120_000): Promise<Seen> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const seen = await seenBy(mock);
    if (seen.unique >= count || Date.now() > end) return seen;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Message id → when it first came, milliseconds since 1970. */
export async function arrivals(mock: Mock): Promise<ReadonlyMap<string, number>> {
  return new Map((await (await fetch(`${mock.url}/arrivals`)).json()) as [string, number][]);
}

export async function forget(mock: Mock): Promise<void> {
  await (await fetch(`${mock.url}/control`, { method: "POST", body: '{"reset":true}' })).arrayBuffer();
}
