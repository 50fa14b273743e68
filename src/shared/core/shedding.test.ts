import { expect, test } from "vitest";
import { type Drain, drained, isRecovered, leastUrgent, rateOf, retryAfterMs, shedAbove } from "./shedding.ts";

test("the least urgent is refused first, and what is critical never", () => {
  expect((["low", "normal", "high", "critical"] as const).map((p) => shedAbove(p, 100))).toEqual([
    100,
    200,
    400,
    Number.POSITIVE_INFINITY,
  ]);
});

test("the least urgent of a request decides for all of it", () => {
  expect(leastUrgent(["critical", "normal", "high"])).toBe("normal");
  expect(leastUrgent(["critical"])).toBe("critical");
  expect(leastUrgent([])).toBeNull();
});

test("an episode ends under half of what began it", () => {
  expect([isRecovered(50, 100), isRecovered(49, 100)]).toEqual([false, true]);
});

test("a caller is told to come back when the excess should have drained, within a second and five minutes", () => {
  expect(retryAfterMs(1100, 100, 50)).toBe(20_000);
  expect(retryAfterMs(101, 100, 5000)).toBe(1000);
  expect(retryAfterMs(1e6, 100, 1)).toBe(300_000);
  expect(retryAfterMs(101, 100, 0)).toBe(300_000);
});

test("the rate follows what drains, and falls when nothing does", () => {
  let drain: Drain = { perSecond: 0, at: 0 };
  for (let now = 100; now <= 60_000; now += 100) drain = drained(drain, 20, now);
  expect(rateOf(drain, 60_000)).toBeGreaterThan(195);
  expect(rateOf(drain, 60_000)).toBeLessThan(205);
  expect(rateOf(drain, 120_000)).toBeLessThan(1);
  // A clock that runs backwards gains nothing.
  expect(rateOf(drain, 0)).toBe(rateOf(drain, 60_000));
});
