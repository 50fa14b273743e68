import fc from "fast-check";
import { expect, test } from "vitest";
import { attemptId, indexInRun, messageIdAt, mintMessageIds, newId, parseAttemptId, parseMessageId } from "./ids.ts";

const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const place = { dbShard: 3, gateShard: 17, random };

test("a message id names its time, its database and its gate", () => {
  const mint = { at: 0, sequence: 0 };
  const id = mintMessageIds(mint, 1, { ...place, now: 1_790_000_000_123 });
  expect(id).toMatch(/^msg_[0-9A-Z]{26}$/);
  expect(parseMessageId(id)).toEqual({ at: 1_790_000_000_123, sequence: 0, dbShard: 3, gateShard: 17 });
});

test("ids of one mint are distinct and grow, whatever the clock and the sizes of the runs", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 60 }),
      (steps) => {
        const mint = { at: 0, sequence: 0 };
        let now = 1_790_000_000_000;
        let last = "";
        for (const [drift, count] of steps) {
          now += drift;
          const first = mintMessageIds(mint, count, { ...place, now });
          expect(first > last).toBe(true);
          last = messageIdAt(first, count - 1);
          expect(count === 1 || last > first).toBe(true);
        }
      },
    ),
  );
});

test("a run's ids are found in the run, and others are not", () => {
  const mint = { at: 0, sequence: 0 };
  const first = mintMessageIds(mint, 1000, { ...place, now: 1 });
  const next = mintMessageIds(mint, 10, { ...place, now: 1 });
  for (const i of [0, 1, 31, 32, 999]) expect(indexInRun(first, 1000, messageIdAt(first, i))).toBe(i);
  expect(indexInRun(first, 1000, next)).toBe(-1);
  expect(indexInRun(first, 10, messageIdAt(first, 10))).toBe(-1);
});

test("an attempt id leads back to its message", () => {
  const message = mintMessageIds({ at: 0, sequence: 0 }, 1, { ...place, now: Date.UTC(2026, 0, 1) });
  expect(parseAttemptId(attemptId(message, 2, 7))).toEqual({ messageId: message, delivery: 2, attempt: 7 });
});

test("what is no id is refused", () => {
  for (const text of [
    "",
    "msg_",
    "msg_01",
    newId("prj", 0, random),
    `msg_${"I".repeat(26)}`,
    `msg_8${"0".repeat(25)}`,
    `msg_${"0".repeat(27)}`,
  ]) {
    expect(parseMessageId(text)).toBeNull();
    expect(parseAttemptId(text)).toBeNull();
  }
});
