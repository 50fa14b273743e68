import fc from "fast-check";
import { expect, test } from "vitest";
import { FIRST_WINDOW, isEverHeldBack, judge, type Pressure, pauseMs } from "./flow.ts";

const bulk = (waiting: number, oldestMs: number, dbShard = 0): Pressure => ({ dbShard, lane: "bulk", waiting, oldestMs });

test("a lane is held back when its window is full, over all databases", () => {
  expect(judge("bulk", 40, [bulk(39, 0)], false).isPressed).toBe(false);
  expect(judge("bulk", 40, [bulk(40, 0)], false).isPressed).toBe(true);
  expect(judge("bulk", 40, [bulk(20, 0), bulk(20, 0, 1)], false)).toMatchObject({ isPressed: true, waiting: 40 });
  expect(judge("bulk", 40, [{ ...bulk(500, 9e9), lane: "standard" }], false).isPressed).toBe(false);
});

test("a lane is held back, and its window halved, when a pack waits for too long: a second in bulk, two in standard", () => {
  expect(judge("bulk", 40, [bulk(10, 1000)], false)).toEqual({ isPressed: false, window: 40, waiting: 10 });
  expect(judge("bulk", 40, [bulk(10, 1001)], false)).toEqual({ isPressed: true, window: 20, waiting: 10 });
  const standard = (oldestMs: number): Pressure => ({ dbShard: 0, lane: "standard", waiting: 10, oldestMs });
  expect(judge("standard", 40, [standard(2000)], false).isPressed).toBe(false);
  expect(judge("standard", 40, [standard(2001)], false).isPressed).toBe(true);
  // Once a plan, not once a look: the same packs grow older while they drain.
  expect(judge("bulk", 40, [bulk(10, 5000)], true)).toEqual({ isPressed: true, window: 40, waiting: 10 });
});

test("a few are no pressure, however old: the last bells of a queue wait for a full batch", () => {
  expect(judge("bulk", 10, [bulk(9, 3_600_000)], false)).toEqual({ isPressed: false, window: 10, waiting: 9 });
});

test("a queue that ran dry during a pause gets a larger window", () => {
  expect(judge("bulk", 40, [], true)).toEqual({ isPressed: false, window: 80, waiting: 0 });
  expect(judge("bulk", 40, [bulk(30, 500)], true)).toEqual({ isPressed: false, window: 40, waiting: 30 });
});

test("what is urgent is never held back", () => {
  const worst: Pressure = { dbShard: 0, lane: "express", waiting: 500, oldestMs: 3_600_000 };
  expect(judge("express", 10, [worst], false).isPressed).toBe(false);
  expect((["express", "standard", "bulk"] as const).map(isEverHeldBack)).toEqual([false, true, true]);
});

test("a window stays between 10 and 400 packs, and a full one always holds back", () => {
  const reading = fc.record({ waiting: fc.nat(600), oldestMs: fc.nat(5000), paused: fc.boolean() });
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 30 }), (readings) => {
      let window = FIRST_WINDOW;
      for (const { waiting, oldestMs, paused } of readings) {
        const verdict = judge("bulk", window, [bulk(waiting, oldestMs)], paused);
        if (waiting >= window) expect(verdict.isPressed).toBe(true);
        window = verdict.window;
        expect(window).toBeGreaterThanOrEqual(10);
        expect(window).toBeLessThanOrEqual(400);
      }
    }),
  );
});

/** Packs in the queue at most, and carried in all, where a gate that plans 400 packs a second meets such a drain. */
function simulate(drainPerSecond: number, seconds: number): { most: number; carried: number } {
  const queue: number[] = [];
  const stepMs = 50;
  let window = FIRST_WINDOW;
  let pauseUntil: number | null = null;
  let most = 0;
  let carried = 0;
  for (let now = 0; now < seconds * 1000; now += stepMs) {
    const batch = Math.floor(((now + stepMs) * drainPerSecond) / 1000) - Math.floor((now * drainPerSecond) / 1000);
    carried += queue.splice(0, batch).length;
    const read = () => [bulk(queue.length, now - (queue[0] ?? now))];
    if (pauseUntil !== null) {
      if (now < pauseUntil) continue;
      const look = judge("bulk", window, read(), true);
      window = look.window;
      pauseUntil = look.isPressed ? now + pauseMs(null, true) : null;
      if (look.isPressed) continue;
    }
    for (let i = 0; i < 20; i++) queue.push(now);
    most = Math.max(most, queue.length);
    const verdict = judge("bulk", window, read(), false);
    window = verdict.window;
    if (verdict.isPressed) pauseUntil = now + pauseMs(null, true);
  }
  return { most, carried };
}

test.each([20, 40, 100, 200])(
  "a drain of %i packs a second is kept busy, and has about a second of one tenant's work before it",
  (perSecond) => {
    const { most, carried } = simulate(perSecond, 60);
    expect(carried).toBeGreaterThan(perSecond * 60 * 0.95);
    expect(most).toBeLessThanOrEqual(Math.max(60, perSecond * 1.5));
  },
);

test("pauses grow to two seconds while nothing moves, and are short again once something does", () => {
  const pauses = [pauseMs(null, false)];
  while (pauses.length < 6) pauses.push(pauseMs(pauses.at(-1) ?? null, false));
  expect(pauses).toEqual([250, 500, 1000, 2000, 2000, 2000]);
  expect(pauseMs(2000, true)).toBe(250);
});
