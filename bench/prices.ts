/**
 * What Cloudflare asks, in dollars, as read on 2026-11-20 from the pricing pages of Workers, Durable Objects,
 * D1, Queues and R2 (Workers Paid, beyond the included amounts, which are left out of every sum here).
 */
import type { Counts } from "../src/shared/adapters/ledger.ts";

export const PRICES_READ_ON = "2026-11-20";

/** Dollars for a million of what a counter counts. What is not billed is not here. */
export const DOLLARS_PER_MILLION = {
  worker_requests: 0.3,
  d1_rows_read: 0.001,
  d1_rows_written: 1,
  object_requests: 0.15,
  object_rows_read: 0.001,
  object_rows_written: 1,
  queue_writes: 0.4,
  queue_reads: 0.4,
  queue_deletes: 0.4,
  r2_class_a: 4.5,
  r2_class_b: 0.36,
} as const satisfies Partial<Record<keyof Counts, number>>;

export const DOLLARS_PER_MILLION_CPU_MS = 0.02;
/** An object is billed for 128 MB for as long as it is in memory and may not hibernate. */
export const DOLLARS_PER_OBJECT_SECOND = (12.5 / 1e6) * 0.128;

/** Dollars for a million messages where one message costs `perMessage`. */
export function dollarsPerMillion(perMessage: Readonly<Partial<Counts>>): Record<string, number> {
  const parts = Object.entries(DOLLARS_PER_MILLION).map(([counter, price]): [string, number] => [
    counter,
    (perMessage[counter as keyof typeof DOLLARS_PER_MILLION] ?? 0) * price,
  ]);
  return Object.fromEntries(parts.filter(([, dollars]) => dollars > 0));
}
