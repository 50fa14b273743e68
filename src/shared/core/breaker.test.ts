import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atTime, type Breaker, FRESH, fitness, fold, isWorthKeeping, mended, startProbe, turnOf } from "./breaker.ts";
import { healthOf } from "./connection-health.ts";
import { joined, NO_REPORT, type Outcome, type Report, reportOf } from "./health-report.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const OPEN_MS = 60_000;
const LEASE_MS = 45_000;

const ok: Outcome = { kind: "ok" };
const failed: Outcome = { kind: "failed", code: "503", reason: "Try later" };
const misconfigured: Outcome = { kind: "misconfigured", code: "401", reason: "Bad key" };
const throttled = (retryAfterMs: number): Outcome => ({ kind: "throttled", code: "429", retryAfterMs });

/** One outcome, or several as one report. */
function told(b: Breaker, outcomes: Outcome | readonly Outcome[], now = NOW, probe: number | null = null): Breaker {
  const list = Array.isArray(outcomes) ? (outcomes as readonly Outcome[]) : [outcomes as Outcome];
  return fold(b, reportAll(list, now, probe), { now, openMs: OPEN_MS });
}

function reportAll(outcomes: readonly Outcome[], now: number, probe: number | null = null): Report {
  return outcomes.reduce((sum, o, i) => joined(sum, reportOf(o, now, i === 0 ? probe : null), now), NO_REPORT);
}

const times = (n: number, outcome: Outcome): Outcome[] => Array.from({ length: n }, () => outcome);
const broken = (now = NOW): Breaker => told(FRESH, times(5, failed), now);

/** Open, its time up, and the one probe granted. */
function probing(b: Breaker, now: number): { breaker: Breaker; n: number } {
  const { breaker, n } = startProbe(b, now, LEASE_MS);
  if (n === null) throw new Error("no probe was granted");
  return { breaker, n };
}

describe("a breaker", () => {
  test("opens with the fifth failure in a row, for a minute, and says why", () => {
    const four = told(FRESH, times(4, failed));
    expect(fitness(four, NOW)).toEqual({ kind: "fit" });
    const five = told(four, failed, NOW + 1);
    expect(fitness(five, NOW + 1)).toEqual({ kind: "unfit", until: NOW + 1 + OPEN_MS, code: "503", reason: "Try later" });
    expect(turnOf(four, five)).toBe("opened");
    expect(fitness(five, NOW + OPEN_MS).kind).toBe("unfit");
    expect(fitness(five, NOW + 1 + OPEN_MS)).toEqual({ kind: "probe" });
  });

  test("starts counting again with each success", () => {
    let b = FRESH;
    for (let i = 0; i < 10; i++) b = told(b, [...times(4, failed), ok, ok, ok, ok], NOW + i * 61_000);
    expect(b.state).toBe("closed");
  });

  test("opens where half of twenty and more failed within a minute, though never five in a row", () => {
    const mixed = Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? failed : ok));
    const nine = told(FRESH, mixed);
    expect(nine.state).toBe("closed");
    expect(told(nine, [ok, ok]).state).toBe("closed");
    expect(told(nine, [ok, failed]).state).toBe("open");
    expect(told(nine, [ok, failed], NOW + 70_000).state).toBe("closed");
    // A success that makes them twenty is no cause.
    expect(told(told(nine, failed), ok).state).toBe("closed");
  });

  test("opens at once where the account is wrong, and tells so once", () => {
    const wrong = told(FRESH, misconfigured);
    expect([wrong.state, turnOf(FRESH, wrong)]).toEqual(["open", "misconfigured"]);
    const again = told(wrong, misconfigured);
    expect(turnOf(wrong, again)).toBeNull();
    expect(turnOf(broken(), told(broken(), misconfigured))).toBe("misconfigured");
  });

  test("takes a request for quiet as a pause and no failure; pauses only grow", () => {
    const long = told(FRESH, throttled(30_000));
    expect(fitness(long, NOW)).toMatchObject({ kind: "unfit", until: NOW + 30_000, code: "429" });
    const short = told(long, throttled(1000), NOW + 5);
    expect(fitness(short, NOW + 5)).toMatchObject({ until: NOW + 30_000 });
    expect([short.failures, short.state]).toEqual([0, "closed"]);
    expect(fitness(short, NOW + 30_000)).toEqual({ kind: "fit" });
    expect(fitness(told(FRESH, throttled(1e15)), NOW)).toMatchObject({ until: NOW + 3_600_000 });
    for (const strange of [Number.NaN, -5, 0]) expect(fitness(told(FRESH, throttled(strange)), NOW).kind).toBe("fit");
  });

  test("is closed by a good probe, with a clean sheet", () => {
    const { breaker, n } = probing(broken(), NOW + OPEN_MS);
    const after = told(breaker, ok, NOW + OPEN_MS + 500, n);
    expect(after).toMatchObject({ state: "closed", failures: 0, openings: 0, misconfigured: false, since: NOW + OPEN_MS + 500 });
    expect(turnOf(breaker, after)).toBe("closed");
    expect(told(after, times(4, failed), NOW + OPEN_MS + 501).state).toBe("closed");
  });

  test("stays open for twice as long after each failed probe, and never longer than ten times", () => {
    let b = broken();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      const { breaker, n } = probing(b, b.until);
      b = told(breaker, failed, breaker.at, n);
      waits.push((b.until - breaker.at) / 60_000);
    }
    expect(waits).toEqual([2, 4, 8, 10, 10, 10, 10]);
    expect(b.since).toBe(NOW);
  });

  test("is not moved by late answers to what went out before it opened", () => {
    const open = broken();
    expect(told(open, times(50, ok)).state).toBe("open");
    expect(told(open, times(50, failed))).toMatchObject({ state: "open", until: open.until, openings: 1 });
    const { breaker } = probing(open, open.until);
    expect(told(breaker, [ok, failed], open.until).state).toBe("half_open");
    expect(told(breaker, ok, open.until, breaker.probes - 1).state).toBe("half_open");
  });

  test("grants another probe when the prober said nothing for its lease, and still hears the last one only", () => {
    const first = probing(broken(), NOW + OPEN_MS);
    expect(startProbe(first.breaker, NOW + OPEN_MS + LEASE_MS - 1, LEASE_MS).n).toBeNull();
    expect(told(first.breaker, ok, NOW + OPEN_MS + LEASE_MS + 9, first.n).state).toBe("closed");
    const second = probing(first.breaker, NOW + OPEN_MS + LEASE_MS);
    expect(told(second.breaker, ok, NOW + OPEN_MS + LEASE_MS + 9, first.n).state).toBe("half_open");
    expect(told(second.breaker, ok, NOW + OPEN_MS + LEASE_MS + 9, second.n).state).toBe("closed");
  });

  test("gives its probe back where the provider asks for quiet, and probes after that", () => {
    const { breaker, n } = probing(broken(), NOW + OPEN_MS);
    const quiet = told(breaker, throttled(20_000), NOW + OPEN_MS, n);
    expect(fitness(quiet, NOW + OPEN_MS)).toMatchObject({ kind: "unfit", until: NOW + OPEN_MS + 20_000 });
    expect(fitness(quiet, NOW + OPEN_MS + 20_000)).toEqual({ kind: "probe" });
  });

  test("keeps nobody's address or number with a reason", () => {
    const reason = "5.1.1 <ada@example.com> and +447700900123 unknown: 554 5.7.1";
    expect(told(FRESH, { kind: "failed", code: "x", reason }).reason).toBe("5.1.1 <(address)> and (number) unknown: 554 5.7.1");
  });

  test("is shown as what it is", () => {
    expect(healthOf(FRESH, NOW)).toMatchObject({ state: "closed", since: null, until: null, window: { ok: 0, failed: 0 } });
    expect(healthOf(told(FRESH, throttled(5000)), NOW)).toMatchObject({ state: "paused", until: NOW + 5000, code: "429" });
    const open = broken();
    expect(healthOf(open, NOW)).toMatchObject({ state: "open", since: NOW, until: NOW + OPEN_MS, consecutiveFailures: 5 });
    expect(healthOf(open, open.until)).toMatchObject({ state: "half_open", until: null, window: { ok: 0, failed: 0 } });
    expect(healthOf(probing(open, open.until).breaker, open.until)).toMatchObject({ state: "half_open" });
  });
});

const outcome = fc.oneof(
  { weight: 4, arbitrary: fc.constant(ok) },
  { weight: 5, arbitrary: fc.constant(failed) },
  { weight: 1, arbitrary: fc.constant(misconfigured) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 90_000 }).map(throttled) },
);
/** Time passes, and sometimes the clock is set back. */
const passing = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 30_000, max: 700_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -5_000_000, max: -1 }) },
);
const step = fc.oneof(
  fc.record({ do: fc.constant("tell" as const), passing, outcomes: fc.array(outcome, { maxLength: 30 }) }),
  fc.record({ do: fc.constant("ask" as const), passing }),
  fc.record({ do: fc.constant("answer" as const), passing, outcome }),
);

describe("whatever happens", () => {
  test("no two probes are under way at once, also where the clock is set back", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let now = NOW;
        let b = broken();
        /** What is left of the prober's lease, by a clock that nobody sets. */
        let leftMs = 0;
        let n: number | null = null;
        for (const s of steps) {
          now += s.passing;
          leftMs -= Math.max(0, s.passing);
          if (s.do === "tell") b = told(b, s.outcomes, now);
          if (s.do === "answer" && n !== null) {
            b = told(b, s.outcome, now, n);
            n = null;
            leftMs = 0;
          }
          if (s.do === "ask") {
            const asked = startProbe(b, now, LEASE_MS);
            b = asked.breaker;
            if (asked.n === null) continue;
            expect(leftMs).toBeLessThanOrEqual(0);
            [n, leftMs] = [asked.n, LEASE_MS];
          }
        }
      }),
    );
  });

  test("it never leaves closed without a failure in the report that opens it, and never without enough of them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ passing, outcomes: fc.array(outcome, { maxLength: 12 }) }), { maxLength: 60 }),
        (steps) => {
          let now = NOW;
          let b = FRESH;
          let run = 0;
          for (const { passing: ms, outcomes } of steps) {
            now += ms;
            const before = b;
            b = told(b, outcomes, now);
            if (before.state !== "closed") break;
            let longest = 0;
            for (const o of outcomes) {
              if (o.kind === "ok") run = 0;
              if (o.kind === "failed" || o.kind === "misconfigured") run += 1;
              longest = Math.max(longest, run);
            }
            const isWrong = outcomes.some((o) => o.kind === "misconfigured");
            const { ok: well, failed: bad } = healthOf(b, now).window;
            const isOften = well + bad >= 20 && bad * 2 >= well + bad && outcomes.some((o) => o.kind === "failed");
            expect(b.state).toBe(isWrong || longest >= 5 || isOften ? "open" : "closed");
          }
        },
      ),
    );
  });

  test("it always gets out of open with a good probe, however long it was open and wherever the clock went", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let now = NOW;
        let b = broken();
        for (const s of steps) {
          now += s.passing;
          if (s.do === "ask") b = startProbe(b, now, LEASE_MS).breaker;
          else b = told(b, s.do === "tell" ? s.outcomes : [s.outcome], now, s.do === "tell" ? null : b.probes);
        }
        if (b.state === "closed") b = told(b, misconfigured, now);
        b = atTime(b, now);
        // Ten minutes open, a lease of a dead prober, or a pause: after that one may probe.
        now += 600_000 + 90_000;
        const { breaker, n } = probing(b, now);
        const after = told(breaker, ok, now + 10, n);
        expect([after.state, fitness(after, now + 10).kind]).toEqual(["closed", "fit"]);
      }),
    );
  });

  test("a clock that is set back neither prolongs an opening nor cuts it short", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: OPEN_MS - 1 }), (backMs, goneMs) => {
        const b = atTime(atTime(broken(), NOW + goneMs), NOW + goneMs - backMs);
        const left = OPEN_MS - goneMs;
        expect(fitness(b, b.at)).toMatchObject({ kind: "unfit", until: b.at + left });
        expect(fitness(b, b.at + left)).toEqual({ kind: "probe" });
      }),
    );
  });

  test("a report of many opens exactly where one after the other would, as far as runs go", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(ok, failed), { maxLength: 6 }), { maxLength: 3 }), (reports) => {
        const together = reports.reduce((b, outcomes) => told(b, outcomes), FRESH);
        const alone = reports.flat().reduce((b, o) => told(b, o), FRESH);
        expect([together.state, together.failures]).toEqual([alone.state, alone.failures]);
      }),
    );
  });

  test("what is not kept would change nothing that counts: state, run of a minute ago, probe, pause", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = NOW;
        let b = FRESH;
        let kept = FRESH;
        for (const s of steps) {
          now += Math.max(0, s.passing);
          if (s.do === "ask") b = startProbe(b, now, LEASE_MS).breaker;
          else b = told(b, s.do === "tell" ? s.outcomes : [s.outcome], now, s.do === "tell" ? null : b.probes);
          if (isWorthKeeping(kept, b)) kept = b;
          expect(kept).toMatchObject({ state: b.state, since: b.since, probes: b.probes, openings: b.openings });
          expect(b.pausedUntil - kept.pausedUntil).toBeLessThan(5000);
          if (b.failures === 0) expect(kept.failures).toBe(0);
        }
      }),
    );
  });
});

test("closing by hand forgets failures, openings and pauses, and no probe of before can move it", () => {
  const { breaker, n } = probing(told(broken(), [misconfigured, throttled(50_000)]), NOW + OPEN_MS);
  const well = mended(breaker, NOW + OPEN_MS);
  expect(well).toMatchObject({ state: "closed", failures: 0, openings: 0, misconfigured: false, code: null });
  expect(fitness(well, NOW + OPEN_MS)).toEqual({ kind: "fit" });
  expect(told(well, failed, NOW + OPEN_MS + 1, n).state).toBe("closed");
});
