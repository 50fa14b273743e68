import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRESH_LEASES, giveBack, heldUntil, LEASE_MS, type LeaseState, MAX_RETRY_AFTER_MS, take } from "./lease.ts";
import type { PlaceLimits } from "./outbound.ts";

const T0 = Date.UTC(2026, 0, 1);

/** A place with its own state, and a name for each lease. */
function placeOf(limits: PlaceLimits) {
  let state: LeaseState = FRESH_LEASES;
  let leases = 0;
  return {
    take(want: number, now: number, stays = false) {
      const lease = `lease_${leases++}`;
      const { state: next, ...answer } = take(state, limits, { lease, want, stays }, now);
      state = next;
      return { lease, ...answer };
    },
    giveBack(lease: string, unused: number, kept: number, now: number) {
      state = giveBack(state, limits, { lease, unused, kept }, now);
    },
    heldUntil: () => heldUntil(state),
  };
}

const rates = fc.oneof(fc.double({ min: 0.01, max: 5, noNaN: true }), fc.integer({ min: 1, max: 100_000 }));
const steps = fc.array(fc.record({ afterMs: fc.nat(3000), want: fc.nat(200) }), { maxLength: 120 });

describe("a rate", () => {
  test("never lets more through than one burst and the rate's worth, in any window", () => {
    fc.assert(
      fc.property(rates, steps, (rate, asks) => {
        const place = placeOf({ rate_per_second: rate });
        const granted: { at: number; n: number }[] = [];
        let now = T0;
        for (const { afterMs, want } of asks) {
          now += afterMs;
          granted.push({ at: now, n: place.take(want, now).granted });
        }
        granted.forEach(({ at: from }, i) => {
          let sum = 0;
          for (const { at, n } of granted.slice(i)) {
            sum += n;
            expect(sum).toBeLessThanOrEqual(Math.max(1, rate) + ((at - from) / 1000) * rate + 0.01);
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  test("gives a second's worth at once, and at least one", () => {
    for (const [rate, burst] of [
      [0.01, 1],
      [1, 1],
      [14, 14],
      [14.9, 14],
    ] as const) {
      expect(placeOf({ rate_per_second: rate }).take(1000, T0).granted).toBe(burst);
    }
  });

  test("gives back what was not used, and never more than a burst of it", () => {
    const place = placeOf({ rate_per_second: 10 });
    const { lease, granted } = place.take(10, T0);
    expect(granted).toBe(10);
    place.giveBack(lease, 4, 0, T0);
    expect(place.take(10, T0).granted).toBe(4);
    place.giveBack(lease, 1000, 0, T0);
    expect(place.take(1000, T0).granted).toBe(10);
  });

  test("that was raised holds at once, whatever the slower one had spent", () => {
    const faster = { rate_per_second: 100 };
    const ask = (state: LeaseState, limits: PlaceLimits, now: number) =>
      take(state, limits, { lease: "a", want: 1000, stays: false }, now);
    const slow = ask(FRESH_LEASES, { rate_per_second: 0.01 }, T0);
    const first = ask(slow.state, faster, T0);
    expect([slow.granted, first.granted]).toEqual([1, 0]);
    const later = ask(first.state, faster, T0 + 500).granted;
    expect(later).toBeGreaterThanOrEqual(48);
    expect(later).toBeLessThanOrEqual(50);
  });
});

describe("concurrency", () => {
  test("is never exceeded while leases live, and all of it comes back when they are given back or end", () => {
    const moves = fc.array(fc.record({ afterMs: fc.nat(20_000), want: fc.nat(30), back: fc.boolean(), unused: fc.nat(30) }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), moves, (concurrency, all) => {
        const place = placeOf({ concurrency });
        let live: { lease: string; n: number; from: number }[] = [];
        let now = T0;
        for (const { afterMs, want, back, unused } of all) {
          now += afterMs;
          live = live.filter(({ from }) => from + LEASE_MS > now);
          const [oldest] = live;
          if (back && oldest) {
            const kept = Math.max(0, oldest.n - unused);
            place.giveBack(oldest.lease, Math.min(unused, oldest.n), kept, now);
            live = live.flatMap((l) => (l !== oldest ? [l] : kept > 0 ? [{ ...l, n: kept }] : []));
          }
          const held = live.reduce((sum, { n }) => sum + n, 0);
          const { lease, granted } = place.take(want, now);
          expect(granted).toBe(Math.min(want, concurrency - held));
          if (granted > 0) live.push({ lease, n: granted, from: now });
        }
        expect(place.take(1000, now + LEASE_MS).granted).toBe(concurrency);
      }),
      { numRuns: 200 },
    );
  });

  test("tells until when something is held, and nothing once it is given back", () => {
    const place = placeOf({ concurrency: 2 });
    const { lease } = place.take(1, T0);
    expect(place.heldUntil()).toBe(T0 + LEASE_MS);
    place.giveBack(lease, 0, 0, T0 + 10);
    expect(place.heldUntil()).toBeNull();
    place.giveBack("a lease that nobody has", 0, 0, T0 + 20);
    expect(place.take(5, T0 + 30).granted).toBe(2);
  });
});

test("what has both limits holds both", () => {
  const place = placeOf({ rate_per_second: 100, concurrency: 3 });
  expect(place.take(10, T0).granted).toBe(3);
  expect(place.take(10, T0 + 1).granted).toBe(0);
  const slow = placeOf({ rate_per_second: 2, concurrency: 50 });
  expect(slow.take(10, T0).granted).toBe(2);
});

test("what has no limit grants all", () => {
  const place = placeOf({});
  for (let i = 0; i < 3; i++) expect(place.take(1_000_000, T0)).toMatchObject({ granted: 1_000_000, retryAfterMs: 0 });
});

interface Crowd {
  readonly limits: PlaceLimits;
  readonly askers: number;
  /** Messages that each asker wants to send. */
  readonly each: number;
  /** How long a permit is held. */
  readonly holdMs?: number;
  /** Who comes later, one message each. */
  readonly later?: { readonly perSecond: number; readonly seconds: number };
}

/** All come at once, each again when it was told to, rounded up to the second as packs are, and late by up to a second. */
function crowd({ limits, askers, each, holdMs = 0, later = { perSecond: 0, seconds: 0 } }: Crowd) {
  const place = placeOf(limits);
  const bySecond: (() => void)[][] = [];
  let now = T0;
  let [asks, granted, endedAt, latestMs] = [0, 0, T0, 0];
  const busiest: number[] = [];
  const at = (time: number, act: () => void) => {
    const second = Math.floor((time - T0) / 1000);
    bySecond[second] = [...(bySecond[second] ?? []), act];
  };
  let seed = 1;
  const late = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed % 1000;
  };
  const ask = (want: number) => () => {
    asks += 1;
    const answer = place.take(want, now);
    granted += answer.granted;
    if (answer.granted > 0) {
      endedAt = now;
      place.giveBack(answer.lease, 0, answer.granted, now);
      if (limits.concurrency !== undefined) at(now + holdMs + 1000, () => place.giveBack(answer.lease, 0, 0, now));
    }
    if (answer.granted === want) return;
    latestMs = Math.max(latestMs, answer.retryAfterMs);
    at(Math.ceil((now + answer.retryAfterMs) / 1000) * 1000 + 1000, ask(want - answer.granted));
  };
  for (let i = 0; i < askers; i++) at(T0, ask(each));
  for (let i = 0; i < later.perSecond * later.seconds; i++) at(T0 + Math.floor(i / later.perSecond) * 1000, ask(1));
  for (let second = 0; second < bySecond.length && second < 200_000; second++) {
    const acts = (bySecond[second] ?? []).map((act) => ({ act, ms: late() })).sort((a, b) => a.ms - b.ms);
    const before = asks;
    for (const { act, ms } of acts) {
      now = T0 + second * 1000 + ms;
      act();
    }
    busiest[second] = asks - before;
  }
  return { asks, granted, seconds: (endedAt - T0) / 1000, latestMs, busiest: Math.max(...busiest.slice(1).map((n) => n ?? 0)) };
}

describe("those who were denied", () => {
  test("5,000 at 20 a second come back twice on average, never in a storm, and all get through in time", () => {
    const seen = crowd({ limits: { rate_per_second: 20 }, askers: 5000, each: 1 });
    expect(seen.granted).toBe(5000);
    expect(seen.asks).toBeLessThan(5000 * 3);
    expect(seen.busiest).toBeLessThanOrEqual(60);
    expect(seen.seconds).toBeLessThan(275);
  });

  test("10,000 in packs of 50 at 14 a second ask less than once for every two messages, and use nearly all of the rate", () => {
    const seen = crowd({ limits: { rate_per_second: 14 }, askers: 200, each: 50 });
    expect(seen.granted).toBe(10_000);
    expect(seen.asks).toBeLessThan(5000);
    expect(seen.busiest).toBeLessThanOrEqual(20);
    expect(seen.seconds).toBeLessThan(715 * 1.1);
  });

  test("1,000 over ten places at once come back at the pace at which places are given back", () => {
    const seen = crowd({ limits: { concurrency: 10 }, askers: 1000, each: 1, holdMs: 500 });
    expect(seen.granted).toBe(1000);
    expect(seen.asks).toBeLessThan(6000);
  });

  test("get through while others keep coming, as long as those leave something over", () => {
    const seen = crowd({ limits: { rate_per_second: 20 }, askers: 500, each: 1, later: { perSecond: 15, seconds: 300 } });
    expect(seen.granted).toBe(500 + 15 * 300);
    expect(seen.asks).toBeLessThan(5000 * 3);
    expect(seen.seconds).toBeLessThan(320);
  });

  test("all get through in the end, whatever the limits", () => {
    fc.assert(
      fc.property(
        fc.record({
          rate_per_second: fc.double({ min: 0.05, max: 50, noNaN: true }),
          concurrency: fc.integer({ min: 1, max: 20 }),
        }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (limits, askers, each) => {
          const seen = crowd({ limits, askers, each, holdMs: 200 });
          expect(seen.granted).toBe(askers * each);
          expect(seen.latestMs).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("are told to come back within the hour, spread over the second half of it where there are too many", () => {
    const place = placeOf({ rate_per_second: 1 });
    const told = Array.from({ length: 20_000 }, () => place.take(1, T0).retryAfterMs);
    expect(Math.max(...told)).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS);
    const seconds = new Map<number, number>();
    for (const ms of told) seconds.set(Math.floor(ms / 1000), (seconds.get(Math.floor(ms / 1000)) ?? 0) + 1);
    // 12,800 of them have no place in the queue, and 1,800 seconds to share.
    expect(Math.max(...seconds.values())).toBeLessThanOrEqual(12);
  });

  test("leave nothing behind: when their time is over, the next one waits for one permit only", () => {
    const place = placeOf({ rate_per_second: 2 });
    for (let i = 0; i < 100; i++) place.take(1, T0);
    expect(place.take(1, T0).retryAfterMs).toBeGreaterThan(30_000);
    place.take(2, T0 + 60_000);
    expect(place.take(1, T0 + 60_000).retryAfterMs).toBeLessThanOrEqual(500);
  });

  test("take no place in the queue where they stay and ask again", () => {
    const place = placeOf({ rate_per_second: 2 });
    place.take(2, T0);
    const first = place.take(1, T0, true).retryAfterMs;
    for (let i = 0; i < 100; i++) expect(place.take(1, T0, true).retryAfterMs).toBe(first);
    expect(place.take(1, T0).retryAfterMs).toBe(first);
  });
});

describe("a window", () => {
  const DAY = { windows: [{ ms: 86_400_000, most: 10 }] };

  test("lets through what it may, takes back what was not used, and calls the others when the next one opens", () => {
    const place = placeOf(DAY);
    const { lease, granted } = place.take(8, T0 + 1000, true);
    expect(granted).toBe(8);
    place.giveBack(lease, 3, 0, T0 + 2000);
    expect(place.take(9, T0 + 3000, true)).toMatchObject({ granted: 5 });
    const late = T0 + 86_400_000 - 60_000;
    const waits = Array.from({ length: 20 }, () => place.take(1, late, true));
    expect(waits.every(({ granted: n, retryAfterMs: ms }) => n === 0 && ms >= 60_000 && ms <= 70_000)).toBe(true);
    expect(new Set(waits.map(({ retryAfterMs }) => retryAfterMs)).size).toBe(20);
    expect(place.take(1, T0 + 4000, true).retryAfterMs).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS);
    expect(place.take(12, T0 + 86_400_000, true).granted).toBe(10);
  });

  test("holds beside a rate and a concurrency, whichever is tightest", () => {
    const place = placeOf({ rate_per_second: 4, concurrency: 3, windows: [{ ms: 60_000, most: 5 }] });
    expect(place.take(9, T0).granted).toBe(3);
    expect(place.take(9, T0 + 1000).granted).toBe(0);
    expect(place.heldUntil()).toBe(T0 + LEASE_MS);
  });

  test("keeps nothing awake: what is counted is kept elsewhere", () => {
    const place = placeOf(DAY);
    place.take(5, T0);
    expect(place.heldUntil()).toBeNull();
  });
});
