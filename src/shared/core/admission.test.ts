import fc from "fast-check";
import { expect, test } from "vitest";
import { admit, EMPTY_METER, type GateLimits, type Meter } from "./admission.ts";

const limits: GateLimits = { tenant: { ratePerSecond: 10, burst: 100 }, key: null, monthlyMessages: null, criticalExempt: true };
const ask = { keyId: "key_1", cost: 1, critical: false, now: Date.UTC(2026, 0, 15) };

test("in no window is more let through than burst + rate × time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 200 }),
      (asks) => {
        let meter: Meter = EMPTY_METER;
        let now = ask.now;
        const granted: { at: number; cost: number }[] = [];
        for (const [waitMs, cost] of asks) {
          now += waitMs;
          const verdict = admit(meter, limits, { ...ask, cost, now });
          if (verdict.kind !== "admitted") continue;
          meter = verdict.meter;
          granted.push({ at: now, cost });
        }
        for (const [i, from] of granted.entries()) {
          let sum = 0;
          for (const to of granted.slice(i)) {
            sum += to.cost;
            expect(sum).toBeLessThanOrEqual(100 + (10 * (to.at - from.at)) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

test("a refusal takes nothing, and says when to come again", () => {
  const first = admit(EMPTY_METER, limits, { ...ask, cost: 100 });
  if (first.kind !== "admitted") throw new Error("the first is admitted");
  const second = admit(first.meter, limits, { ...ask, cost: 20 });
  expect(second).toMatchObject({ kind: "rate_limited", by: "tenant", retryAfterMs: 2000 });
  expect(admit(first.meter, limits, { ...ask, cost: 20, now: ask.now + 2000 }).kind).toBe("admitted");
});

test("a batch above the burst passes when the bucket is full, and leaves a debt", () => {
  const verdict = admit(EMPTY_METER, limits, { ...ask, cost: 1000 });
  if (verdict.kind !== "admitted") throw new Error("a full bucket admits");
  expect(admit(verdict.meter, limits, { ...ask, now: ask.now + 80_000 }).kind).toBe("rate_limited");
  expect(admit(verdict.meter, limits, { ...ask, now: ask.now + 91_000 }).kind).toBe("admitted");
});

test("critical traffic passes an empty bucket by policy, and not without it", () => {
  const empty = admit(EMPTY_METER, limits, { ...ask, cost: 100 });
  if (empty.kind !== "admitted") throw new Error("the first is admitted");
  expect(admit(empty.meter, limits, { ...ask, critical: true }).kind).toBe("admitted");
  expect(admit(empty.meter, { ...limits, criticalExempt: false }, { ...ask, critical: true }).kind).toBe("rate_limited");
});

test("a key's own bucket is asked besides the tenant's", () => {
  const own = { ...limits, key: { ratePerSecond: 1, burst: 2 } };
  const first = admit(EMPTY_METER, own, { ...ask, cost: 2 });
  if (first.kind !== "admitted") throw new Error("the first is admitted");
  expect(admit(first.meter, own, ask)).toMatchObject({ kind: "rate_limited", by: "key" });
  expect(admit(first.meter, own, { ...ask, keyId: "key_2" }).kind).toBe("admitted");
});

test("the quota counts by calendar month, UTC", () => {
  const small = { ...limits, monthlyMessages: 10 };
  const first = admit(EMPTY_METER, small, { ...ask, cost: 10 });
  if (first.kind !== "admitted") throw new Error("the first is admitted");
  expect(admit(first.meter, small, ask)).toMatchObject({ kind: "quota_exceeded" });
  expect(admit(first.meter, small, { ...ask, now: Date.UTC(2026, 1, 1) }).kind).toBe("admitted");
});
