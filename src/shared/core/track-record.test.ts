import fc from "fast-check";
import { expect, test } from "vitest";
import {
  likelyLatencyMs,
  NO_RECORD,
  NOTHING_RECENT,
  recentOf,
  recordOf,
  successRate,
  type TrackRecord,
  together,
} from "./track-record.ts";

const T0 = Date.UTC(2026, 10, 20);
const add = (record: TrackRecord, isOk: boolean, at: number, latencyMs = 100) =>
  together(record, recordOf(isOk, latencyMs, at), at);

test("what was never tried is hoped for, and takes a second", () => {
  expect(successRate(NOTHING_RECENT)).toBe(0.95);
  expect(likelyLatencyMs(NOTHING_RECENT)).toBe(1000);
  expect(recentOf(NO_RECORD, T0)).toEqual(NOTHING_RECENT);
});

test("failures fade: after ten minutes they count for a third, after two hours not at all", () => {
  let record = NO_RECORD;
  for (let i = 0; i < 30; i++) record = add(record, false, T0);
  expect(successRate(recentOf(record, T0))).toBeLessThan(0.25);
  expect(recentOf(record, T0 + 600_000).failed).toBeCloseTo(30 / Math.E, 5);
  expect(recentOf(record, T0 + 7_200_000)).toEqual(NOTHING_RECENT);
});

test("latency is of what went well, whatever the failures took", () => {
  let record = NO_RECORD;
  for (let i = 0; i < 50; i++) record = add(add(record, true, T0, 200), false, T0, 30_000);
  expect(recentOf(record, T0).latencyMs).toBeCloseTo(200, 5);
  expect(likelyLatencyMs(recentOf(record, T0))).toBeLessThan(300);
});

test("it does not matter who saw what: parts add up to the whole", () => {
  const tries = fc.array(fc.record({ isOk: fc.boolean(), at: fc.nat(1_800_000), ms: fc.nat(5000), mine: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(tries, (list) => {
      const sorted = list.toSorted((a, b) => a.at - b.at);
      const of = (some: typeof list) => some.reduce((r, t) => add(r, t.isOk, T0 + t.at, t.ms), NO_RECORD);
      const end = T0 + 1_800_000;
      const whole = recentOf(of(sorted), end);
      const parts = recentOf(together(of(sorted.filter((t) => t.mine)), of(sorted.filter((t) => !t.mine)), end), end);
      expect(parts.ok).toBeCloseTo(whole.ok, 2);
      expect(parts.failed).toBeCloseTo(whole.failed, 2);
      expect(successRate(parts)).toBeCloseTo(successRate(whole), 3);
    }),
  );
});

test("a clock that was set back makes nothing of it", () => {
  const record = add(NO_RECORD, true, T0);
  expect(recentOf(record, T0 - 3_600_000)).toEqual({ ok: 1, failed: 0, latencyMs: 100 });
});
