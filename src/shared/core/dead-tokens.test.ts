import { expect, it } from "vitest";
import { type DeviceTally, isWave, NO_TALLY, tallied } from "./dead-tokens.ts";

const MINUTE = 60_000;
const NOW = 1000 * MINUTE;
const add = (tally: DeviceTally, all: number, gone: readonly string[] = [], now = NOW) => tallied(tally, { all, gone }, now);
const names = (n: number) => Array.from({ length: n }, (_, i) => `d${i}`);

it("believes single devices, few answers, and a fifth that is gone", () => {
  expect(isWave(add(NO_TALLY, 1, ["a"]))).toBe(false);
  expect(isWave(add(NO_TALLY, 9, names(9)))).toBe(false);
  expect(isWave(add(NO_TALLY, 10, names(2)))).toBe(false);
  expect(isWave(add(NO_TALLY, 1000, names(200)))).toBe(false);
});

it("sees a wave where more than a fifth of ten answers or more are gone, in one pack or one by one", () => {
  expect(isWave(add(NO_TALLY, 10, names(3)))).toBe(true);
  let tally = NO_TALLY;
  for (const name of names(9)) tally = add(tally, 1, [name]);
  expect([isWave(tally), tally.unjudged]).toEqual([false, names(9)]);
  tally = add(tally, 1, ["last"]);
  expect([isWave(tally), tally.unjudged]).toEqual([true, names(9)]);
});

it("takes back nothing that was judged well", () => {
  const well = add(add(NO_TALLY, 1, ["a"]), 100);
  expect(well.unjudged).toEqual([]);
  expect(add(well, 100, names(90)).unjudged).toEqual([]);
});

it("forgets what is older than ten minutes, and what comes from the future", () => {
  const bad = add(NO_TALLY, 50, names(50));
  expect(isWave(add(bad, 1, [], NOW + 9 * MINUTE))).toBe(true);
  expect(isWave(add(bad, 1, [], NOW + 11 * MINUTE))).toBe(false);
  expect(isWave(add(bad, 1, [], NOW - 5 * MINUTE))).toBe(false);
  let tally = NO_TALLY;
  for (let i = 0; i < 1000; i++) tally = add(tally, 100, [], NOW + i * MINUTE);
  expect(tally.minutes.length).toBeLessThanOrEqual(11);
});
