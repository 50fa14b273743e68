import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FAILURE_MINUTES,
  FAILURES,
  HISTORY_MINUTES,
  type KeyCounts,
  minuteOf,
  SPIKE_MESSAGES,
  suspicionOf,
  Tallies,
  type Tally,
  together,
  type Watched,
  withAccepted,
  withFailed,
} from "./abuse.ts";

const MINUTE = 60_000;
const START = 1_800_000_000_000 - (1_800_000_000_000 % MINUTE);
const WATCHED: Watched = { rateFactor: 20, failurePercent: 50, gateShards: 1 };
const at = (minute: number) => START + minute * MINUTE;

/** What happened in one minute: how many messages were accepted, and how many of those failed. */
interface Happening {
  readonly minute: number;
  readonly accepted: number;
  readonly failed: number;
}

function tallyOf(happenings: readonly Happening[]): Tally | undefined {
  let tally: Tally | undefined;
  for (const { minute, accepted, failed } of [...happenings].sort((a, b) => a.minute - b.minute)) {
    // In two requests, of one message and of the others.
    tally = withAccepted(tally, 1, at(minute));
    if (accepted > 1) tally = withAccepted(tally, accepted - 1, at(minute) + (accepted % MINUTE));
    tally = withFailed(
      tally,
      Array.from({ length: failed }, () => at(minute)),
    );
  }
  return tally;
}

/** Sums as the rules say it, over everything that ever happened. */
const between = (all: readonly Happening[], from: number, to: number, what: "accepted" | "failed") =>
  all.reduce((sum, one) => (one.minute >= from && one.minute <= to ? sum + one[what] : sum), 0);

const counts = fc.oneof(fc.nat(300), fc.integer({ min: 4000, max: 40_000 }));
const happenings = (most: number) =>
  fc
    .uniqueArray(fc.record({ minute: fc.nat(most), accepted: counts.map((n) => n + 1), failed: fc.nat(600) }), {
      selector: (one) => one.minute,
      minLength: 1,
      maxLength: 40,
    })
    .map((all) => all.map((one) => ({ ...one, failed: Math.min(one.failed, one.accepted) })));

describe("a rate spike", () => {
  test("is told exactly where the rule says so, whatever happened before", () => {
    fc.assert(
      fc.property(happenings(100), fc.constantFrom(2, 20, 100), (all, rateFactor) => {
        const quiet = all.map((one) => ({ ...one, failed: 0 }));
        const first = Math.min(...quiet.map(({ minute }) => minute));
        const now = Math.max(...quiet.map(({ minute }) => minute));
        const history = Math.min(60, now - first);
        const average = between(quiet, now - history, now - 1, "accepted") / history;
        const last = between(quiet, now, now, "accepted");
        const expected = history >= HISTORY_MINUTES && last >= SPIKE_MESSAGES && last > rateFactor * average;
        const tally = tallyOf(quiet);
        const found = tally && suspicionOf(tally, { ...WATCHED, rateFactor }, at(now));
        expect(found?.reason ?? null).toBe(expected ? "rate_spike" : null);
      }),
    );
  });

  test("needs half an hour of history, and is over with its minute", () => {
    const spike = (minute: number) =>
      tallyOf([
        { minute: 0, accepted: 1, failed: 0 },
        { minute, accepted: SPIKE_MESSAGES, failed: 0 },
      ]);
    const suspicion = (minute: number, now = minute) => {
      const tally = spike(minute);
      return tally ? suspicionOf(tally, WATCHED, at(now)) : undefined;
    };
    expect(suspicion(HISTORY_MINUTES - 1)).toBeNull();
    expect(suspicion(HISTORY_MINUTES)).toEqual({
      reason: "rate_spike",
      facts: { messages: 5000, average_per_minute: 0.03, rate_factor: 20, minute: new Date(at(30)).toISOString() },
    });
    expect(suspicion(HISTORY_MINUTES, HISTORY_MINUTES + 1)).toBeNull();
    // A key that was not used for a day has a history of nothing.
    expect(suspicion(1440)).toMatchObject({ facts: { average_per_minute: 0 } });
  });

  test("steady traffic is none, however much it is", () => {
    const steady = Array.from({ length: 90 }, (_, minute) => ({ minute, accepted: 100_000, failed: 0 }));
    const tally = tallyOf(steady);
    expect(tally && suspicionOf(tally, WATCHED, at(89))).toBeNull();
  });
});

describe("a failure spike", () => {
  test("is told exactly where some ten minutes of the last hour say so", () => {
    fc.assert(
      fc.property(happenings(60), fc.constantFrom(1, 50, 100), (all, failurePercent) => {
        const expected = all.some(({ minute }) => {
          const failed = between(all, minute - FAILURE_MINUTES + 1, minute, "failed");
          const accepted = between(all, minute - FAILURE_MINUTES + 1, minute, "accepted");
          return failed >= FAILURES && failed * 100 >= failurePercent * accepted;
        });
        const tally = tallyOf(all);
        const found = tally && suspicionOf(tally, { ...WATCHED, failurePercent, rateFactor: 1e9 }, at(1000));
        expect(found?.reason ?? null).toBe(expected ? "failure_spike" : null);
      }),
    );
  });

  test("belongs to the minute in which the messages were accepted: late failures of much that went well are none", () => {
    let tally = withAccepted(undefined, 10_000, at(0));
    tally = withAccepted(tally, 1, at(20));
    tally = withFailed(
      tally,
      Array.from({ length: 300 }, () => at(0)),
    );
    expect(suspicionOf(tally, WATCHED, at(20))).toBeNull();
    tally = withFailed(
      tally,
      Array.from({ length: 4700 }, () => at(0)),
    );
    expect(suspicionOf(tally, WATCHED, at(20))).toEqual({
      reason: "failure_spike",
      facts: {
        messages: 10_000,
        failed: 5000,
        failure_percent: 50,
        from: new Date(at(-9)).toISOString(),
        to: new Date(at(1)).toISOString(),
      },
    });
  });

  test("no more fail than were accepted, whoever says so, and those of an unknown minute are not counted", () => {
    const tally = withFailed(
      withAccepted(undefined, 150, at(0)),
      Array.from({ length: 1000 }, () => at(0)),
    );
    expect(tally.minutes).toEqual([{ minute: minuteOf(at(0)), accepted: 150, failed: 150 }]);
    expect(withFailed(tally, [at(-5), at(7)])).toEqual(tally);
  });
});

describe("several gates", () => {
  /** Deals what happened over gates that have all been counting since `from`. */
  function deal(all: readonly Happening[], deals: readonly number[], gates: number, from: number): KeyCounts[] {
    const hands: Happening[][] = Array.from({ length: gates }, () => []);
    for (const [i, one] of all.entries()) hands[(deals[i] ?? 0) % gates]?.push(one);
    return hands.map((hand) => ({ countsSince: minuteOf(at(from)), tally: tallyOf(hand) ?? null }));
  }

  test("know together what one gate would have known", () => {
    fc.assert(
      fc.property(
        happenings(60),
        fc.array(fc.nat(7), { minLength: 40, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (all, deals, gates) => {
          const alone = tallyOf(all);
          expect(together(deal(all, deals, gates, 0))).toEqual(alone);
        },
      ),
    );
  });

  test("are not sure of a history that one of them may have forgotten", () => {
    const all = [
      { minute: 0, accepted: 10, failed: 0 },
      { minute: 40, accepted: 9000, failed: 0 },
    ];
    const [first, second] = deal(all, [0, 0], 2, 0);
    if (!first || !second) throw new Error("two gates");
    const suspicion = (counts: readonly KeyCounts[]) => {
      const tally = together(counts);
      return tally && suspicionOf(tally, WATCHED, at(40))?.reason;
    };
    expect(suspicion([first, second])).toBe("rate_spike");
    expect(suspicion([first, { ...second, countsSince: minuteOf(at(20)) }])).toBeUndefined();
    expect(together([second])).toBeNull();
  });

  test("each is suspicious of its share", () => {
    const tally = tallyOf([{ minute: 0, accepted: 100, failed: 50 }]);
    expect(tally && suspicionOf(tally, WATCHED, at(0))).toBeNull();
    expect(tally && suspicionOf(tally, { ...WATCHED, gateShards: 4 }, at(0))?.reason).toBe("failure_spike");
  });
});

describe("the tallies of a gate", () => {
  test("hand a suspicion on once a minute, and forget it with the key", () => {
    const tallies = new Tallies(at(0));
    const failures = (n: number) => Array.from({ length: n }, () => at(0));
    expect(tallies.failed("key_1", failures(200), at(0))).toBe(false);
    expect(tallies.accepted("key_1", WATCHED, 300, at(0))).toBe(false);
    expect(tallies.failed("key_1", failures(199), at(0))).toBe(false);
    expect(tallies.failed("key_1", failures(1), at(0))).toBe(true);
    expect(tallies.failed("key_1", failures(1), at(0) + 59_999)).toBe(false);
    expect(tallies.failed("key_1", failures(1), at(1))).toBe(true);
    tallies.forget("key_1");
    expect(tallies.failed("key_1", failures(1), at(2))).toBe(false);
    expect(tallies.countsOf("key_1")).toEqual({ countsSince: minuteOf(at(0)), tally: null });
  });

  test("hold an hour a key, and a thousand keys", () => {
    const tallies = new Tallies(at(0));
    for (let minute = 0; minute < 200; minute++) tallies.accepted("key_busy", WATCHED, 1, at(minute));
    expect(tallies.countsOf("key_busy").tally?.minutes).toHaveLength(61);
    expect(tallies.countsOf("key_busy").tally?.since).toBe(minuteOf(at(0)));
    for (let i = 0; i < 1000; i++) tallies.accepted(`key_${i}`, WATCHED, 1, at(200));
    expect(tallies.countsOf("key_busy").tally).toBeNull();
    expect(tallies.countsOf("key_0").tally).not.toBeNull();
  });
});
