import { expect, test } from "vitest";
import { isEverHeldBack, isPressed, pauseMs } from "./flow.ts";

const bulk = { dbShard: 0, lane: "bulk" } as const;
const standard = { dbShard: 0, lane: "standard" } as const;

test("a lane is held back when many wait, or more than a few wait for long", () => {
  expect(isPressed({ ...bulk, waiting: 401, oldestMs: 0 })).toBe(true);
  expect(isPressed({ ...bulk, waiting: 400, oldestMs: 1000 })).toBe(false);
  expect(isPressed({ ...bulk, waiting: 20, oldestMs: 1001 })).toBe(true);
  expect(isPressed({ ...standard, waiting: 20, oldestMs: 1001 })).toBe(false);
  expect(isPressed({ ...standard, waiting: 20, oldestMs: 2001 })).toBe(true);
});

test("a few are no pressure, however old: the last bells of a queue wait for a full batch", () => {
  expect(isPressed({ ...bulk, waiting: 19, oldestMs: 3_600_000 })).toBe(false);
});

test("what is urgent is never held back", () => {
  expect(isPressed({ dbShard: 0, lane: "express", waiting: 500, oldestMs: 3_600_000 })).toBe(false);
  expect((["express", "standard", "bulk"] as const).map(isEverHeldBack)).toEqual([false, true, true]);
});

test("pauses grow to two seconds while nothing moves, and are short again once something does", () => {
  const pauses = [pauseMs(null, false)];
  while (pauses.length < 6) pauses.push(pauseMs(pauses.at(-1) ?? null, false));
  expect(pauses).toEqual([250, 500, 1000, 2000, 2000, 2000]);
  expect(pauseMs(2000, true)).toBe(250);
});
