import fc from "fast-check";
import { expect, test } from "vitest";
import { counted, leftOf, NO_COUNTS, openAgainMs, uncounted, type WindowCounts } from "./window-count.ts";

const T0 = Date.UTC(2026, 10, 20, 23, 59, 30);
const MIDNIGHT = Date.UTC(2026, 10, 21);
const DAY = { ms: 86_400_000, most: 10 };
const MINUTE = { ms: 60_000, most: 3 };
let leases = 0;

function take(counts: WindowCounts, n: number, now: number, windows = [DAY]) {
  const lease = `lease_${leases++}`;
  return { lease, counts: counted(counts, windows, { lease, n }, now) };
}

test("a day lets through as many as it may, and the next one as many again", () => {
  const { counts } = take(NO_COUNTS, 10, T0);
  expect(leftOf(counts, [DAY], T0)).toBe(0);
  expect(openAgainMs(counts, [DAY], T0)).toBe(30_000);
  expect(leftOf(counts, [DAY], MIDNIGHT - 1)).toBe(0);
  expect(leftOf(counts, [DAY], MIDNIGHT)).toBe(10);
});

test("the fuller of two windows counts", () => {
  const windows = [MINUTE, DAY];
  let { counts } = take(NO_COUNTS, 3, T0, windows);
  expect(leftOf(counts, windows, T0)).toBe(0);
  expect(openAgainMs(counts, windows, T0 + 1000)).toBe(29_000);
  for (let minute = 1; minute < 3; minute++) ({ counts } = take(counts, 3, MIDNIGHT + minute * 60_000, windows));
  expect(leftOf(counts, windows, MIDNIGHT + 180_000)).toBe(3);
  ({ counts } = take(counts, 3, MIDNIGHT + 180_000, windows));
  expect(leftOf(counts, windows, MIDNIGHT + 240_000)).toBe(1);
});

test("what comes back goes to the window that it was taken from, once, and to no later one", () => {
  const first = take(NO_COUNTS, 6, T0);
  const back = uncounted(first.counts, { lease: first.lease, unused: 4 });
  expect(leftOf(back, [DAY], T0)).toBe(8);
  expect(leftOf(uncounted(back, { lease: first.lease, unused: 4 }), [DAY], T0)).toBe(8);
  const next = take(first.counts, 5, MIDNIGHT + 1000);
  expect(leftOf(uncounted(next.counts, { lease: first.lease, unused: 6 }), [DAY], MIDNIGHT + 1000)).toBe(5);
});

test("no window ever lets more through, whoever asks and gives back", () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(40_000), want: fc.nat(5), unused: fc.nat(5) }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const windows = [MINUTE, DAY];
      const used = new Map<number, number>();
      let counts = NO_COUNTS;
      let now = T0;
      for (const { afterMs, want, unused } of list) {
        now += afterMs;
        const n = Math.min(want, leftOf(counts, windows, now));
        const taken = take(counts, n, now, windows);
        counts = uncounted(taken.counts, { lease: taken.lease, unused });
        const minute = Math.floor(now / MINUTE.ms);
        used.set(minute, (used.get(minute) ?? 0) + n - Math.min(n, unused));
      }
      expect(Math.max(0, ...used.values())).toBeLessThanOrEqual(MINUTE.most);
    }),
  );
});

test("a clock that was set back opens nothing", () => {
  const { counts } = take(NO_COUNTS, 10, MIDNIGHT + 1000);
  expect(leftOf(counts, [DAY], T0)).toBe(0);
});
