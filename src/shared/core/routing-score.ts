/**
 * How connections compare. Pure and deterministic: whatever order they come in, they leave in the same one.
 *
 *     success rate   (ok + 9.5) / (ok + failed + 10)       of the last ten minutes or so (track-record.ts)
 *     latency        (sum + 2 × 1000 ms) / (n + 2)         of what went well
 *     expected cost  price + per_failed × (1 − s) / s      of one message that gets out, with s the success rate;
 *                                                          where per_failed is not set, that is price / s
 *
 * Health goes before cost and speed: behind all others stands what is out of use, and before it what gets out less than
 * nine tenths as often as the best. Between those that are alike the lower `priority` goes first, then the lower id.
 */
import { type PriceTable, priceOf, usdText } from "./price.ts";
import type { Strategy } from "./routing-words.ts";
import { shareOf } from "./share.ts";
import { likelyLatencyMs, type Recent, successRate } from "./track-record.ts";

export interface RouteConnection {
  readonly id: string;
  /** Lower goes first. */
  readonly priority: number;
  /** Its own, or the list price of its provider; null where nobody knows. */
  readonly prices: PriceTable | null;
  readonly recent: Recent;
  /** Its breaker is open, or it asked for quiet. */
  readonly isOut: boolean;
}

/** All that is known of one connection when it is compared. */
export interface Assessment {
  readonly connection_id: string;
  readonly priority: number;
  readonly is_out: boolean;
  /** In (0, 1). */
  readonly success_rate: number;
  readonly latency_ms: number;
  /** Millionths of a US dollar for this message; null where no price is known. */
  readonly cost_micros: number | null;
  /** The same for a message that gets out, whatever was tried before. */
  readonly expected_micros: number | null;
}

export interface Ranked {
  readonly assessment: Assessment;
  /** By which it stands where it stands: dollars millionths, a share of 1, milliseconds, a weight or a priority. */
  readonly score: number | null;
  /** In words, without people in them. */
  readonly why: string;
}

export function assess(connection: RouteConnection, country: string | null, parts: number): Assessment {
  const { id, priority, prices, recent, isOut } = connection;
  const rate = successRate(recent);
  const price = priceOf(prices, country, parts);
  return {
    connection_id: id,
    priority,
    is_out: isOut,
    success_rate: rate,
    latency_ms: Math.round(likelyLatencyMs(recent)),
    cost_micros: price?.micros ?? null,
    expected_micros: price === null ? null : Math.round(price.micros + (price.failedMicros * (1 - rate)) / rate),
  };
}

/** Less than this share of the best's success rate is too little to be chosen for cost or speed. */
const WELL_ENOUGH = 0.9;

/** All of them, the best first. `messageId` draws the lots of `weighted`. */
export function rank(
  all: readonly Assessment[],
  strategy: Strategy,
  lots: { readonly weights: Readonly<Record<string, number>>; readonly messageId: string },
): readonly Ranked[] {
  const best = Math.max(...all.filter((a) => !a.is_out).map((a) => a.success_rate), 0);
  const ill = (a: Assessment) => (a.is_out ? 2 : a.success_rate < best * WELL_ENOUGH ? 1 : 0);
  const out = (a: Assessment) => (a.is_out ? 1 : 0);
  const unknownLast = (n: number | null) => n ?? Number.POSITIVE_INFINITY;
  switch (strategy) {
    case "priority":
      return inOrder(all, [], byPriority);
    case "cheapest":
      return inOrder(all, [ill, (a) => unknownLast(a.expected_micros)], (a) => ({
        score: a.expected_micros,
        why: `${costText(a)}${illText(ill(a), a)}`,
      }));
    case "most_reliable":
      // To the percent: what is closer together than that is chance, and the faster one goes first.
      return inOrder(all, [out, (a) => -Math.round(a.success_rate * 100), (a) => a.latency_ms], (a) => ({
        score: rounded(a.success_rate),
        why: `${percentText(a.success_rate)} of tries go well, ${a.latency_ms} ms${outText(a)}`,
      }));
    case "fastest":
      return inOrder(all, [ill, (a) => a.latency_ms], (a) => ({
        score: a.latency_ms,
        why: `${a.latency_ms} ms${illText(ill(a), a)}`,
      }));
    case "weighted": {
      const weightOf = (a: Assessment) => lots.weights[a.connection_id] ?? 0;
      const sum = all.reduce((total, a) => total + weightOf(a), 0);
      return inOrder(all, [out, (a) => lotOf(weightOf(a), lots.messageId, a.connection_id)], (a) => ({
        score: weightOf(a),
        why: `weight ${weightOf(a)} of ${sum}${outText(a)}`,
      }));
    }
  }
}

/**
 * Of several lots the lowest wins as often as its weight is part of all weights (the exponential race). What has no weight
 * comes after all that have one.
 */
function lotOf(weight: number, messageId: string, connectionId: string): number {
  if (weight <= 0) return Number.POSITIVE_INFINITY;
  return -Math.log(1 - shareOf(messageId, connectionId)) / weight;
}

type Key = (a: Assessment) => number;

/** By each key in turn, lowest first, then by priority and id. */
function inOrder(
  all: readonly Assessment[],
  keys: readonly Key[],
  say: (a: Assessment) => Omit<Ranked, "assessment">,
): readonly Ranked[] {
  const rows = all.map((a) => ({ a, keys: [...keys.map((key) => key(a)), a.priority] }));
  rows.sort((x, y) => {
    for (const [i, key] of x.keys.entries()) {
      const other = y.keys[i] ?? key;
      if (key !== other) return key < other ? -1 : 1;
    }
    return x.a.connection_id < y.a.connection_id ? -1 : 1;
  });
  return rows.map(({ a }) => ({ assessment: a, ...say(a) }));
}

function byPriority({ priority }: Assessment): Omit<Ranked, "assessment"> {
  return { score: priority, why: `priority ${priority}` };
}

function costText(a: Assessment): string {
  if (a.expected_micros === null || a.cost_micros === null) return "no price is known";
  return `${usdText(a.expected_micros)} expected: ${usdText(a.cost_micros)}, ${percentText(a.success_rate)} of tries go well`;
}

function outText(a: Assessment): string {
  return a.is_out ? "; out of use" : "";
}

function illText(tier: number, a: Assessment): string {
  return tier === 1 ? `; behind those that do better: ${percentText(a.success_rate)} of tries go well` : outText(a);
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
