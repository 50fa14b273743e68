/** What every implementation of Health must do (ports/health.ts). */
import { describe, expect, test } from "vitest";
import type { Outcome } from "../core/breaker.ts";
import type { Health } from "../ports/health.ts";

const failed: Outcome = { kind: "failed", code: "503", reason: "Try later" };
const [TENANT, CONNECTION] = ["ten_1", "con_1"];

/** `make` is called once a test; the clock is the test's. */
export function describeHealth(name: string, make: (now: () => number) => Health): void {
  describe(`${name} as Health`, () => {
    const start = () => {
      const clock = { now: Date.UTC(2026, 10, 20) };
      const health = make(() => clock.now);
      const note = (outcome: Outcome, times = 1) => {
        for (let i = 0; i < times; i++) health.note(TENANT, CONNECTION, outcome);
      };
      return { clock, health, note, fitness: () => health.fitness(TENANT, CONNECTION) };
    };

    test("what nobody knows of is fit", async () => {
      const { health, fitness } = start();
      expect(fitness()).toEqual({ kind: "fit" });
      await health.know(TENANT, [CONNECTION]);
      expect(fitness()).toEqual({ kind: "fit" });
    });

    test("the fifth failure in a row takes a connection out of use at once, and no other one", async () => {
      const { clock, health, note, fitness } = start();
      note(failed, 4);
      expect(fitness().kind).toBe("fit");
      note(failed);
      const unfit = { kind: "unfit", until: clock.now + 60_000, code: "503", reason: "Try later" };
      expect(fitness()).toEqual(unfit);
      await health.flush();
      await health.know(TENANT, [CONNECTION]);
      expect(fitness()).toEqual(unfit);
      expect(health.fitness("ten_2", CONNECTION).kind).toBe("fit");
      expect(health.fitness(TENANT, "con_2").kind).toBe("fit");
    });

    test("a wrong account does so with its first failure, and a request for quiet for as long as it asks", () => {
      const { clock, note, fitness } = start();
      note({ kind: "throttled", code: "429", retryAfterMs: 5_000 });
      expect(fitness()).toMatchObject({ kind: "unfit", until: clock.now + 5_000 });
      clock.now += 5_000;
      expect(fitness()).toEqual({ kind: "fit" });
      note({ kind: "misconfigured", code: "401", reason: "Bad key" });
      expect(fitness()).toMatchObject({ kind: "unfit", code: "401" });
    });

    test("one of many is told to probe when the time is up; its success is the end of it, its failure is not", async () => {
      const { clock, health, note, fitness } = start();
      note(failed, 5);
      await health.flush();
      expect(await health.probe(TENANT, CONNECTION)).toBe(false);
      clock.now += 60_000;
      for (const outcome of [failed, { kind: "ok" } as const]) {
        expect(fitness()).toEqual({ kind: "probe" });
        const asked = await Promise.all(Array.from({ length: 10 }, () => health.probe(TENANT, CONNECTION)));
        expect(asked.filter((yes) => yes)).toHaveLength(1);
        expect(fitness().kind).toBe("unfit");
        note(outcome);
        await health.flush();
        expect(fitness().kind).toBe(outcome === failed ? "unfit" : "fit");
        clock.now += 120_000;
      }
    });

    test("its record counts what went well and what did not, and how long, for longer than the breaker looks back", async () => {
      const { clock, health, note } = start();
      expect(health.record(TENANT, CONNECTION)).toEqual({ ok: 0, failed: 0, latencyMs: null });
      for (const latencyMs of [100, 300]) health.note(TENANT, CONNECTION, { kind: "ok" }, latencyMs);
      health.note(TENANT, CONNECTION, failed, 10_000);
      note({ kind: "throttled", code: "429", retryAfterMs: 0 });
      expect(health.record(TENANT, CONNECTION)).toEqual({ ok: 2, failed: 1, latencyMs: 200 });
      await health.flush();
      await health.know(TENANT, [CONNECTION]);
      expect(health.record(TENANT, CONNECTION)).toEqual({ ok: 2, failed: 1, latencyMs: 200 });
      expect(health.record("ten_2", CONNECTION).ok).toBe(0);
      clock.now += 300_000;
      const { ok, failed: bad, latencyMs } = health.record(TENANT, CONNECTION);
      expect(ok / bad).toBeCloseTo(2, 5);
      expect(ok).toBeLessThan(2);
      expect(latencyMs).toBeCloseTo(200, 5);
    });

    test("its record outlives the breaker's opening, and what closes it", async () => {
      const { clock, health, note } = start();
      note(failed, 5);
      await health.flush();
      clock.now += 60_000;
      expect(await health.probe(TENANT, CONNECTION)).toBe(true);
      note({ kind: "ok" });
      await health.flush();
      expect(health.fitness(TENANT, CONNECTION).kind).toBe("fit");
      const { ok, failed: bad } = health.record(TENANT, CONNECTION);
      expect(ok).toBeCloseTo(1, 5);
      expect(bad).toBeGreaterThan(4);
    });

    test("a probe that is never answered blocks nothing for longer than its lease", async () => {
      const { clock, health, note, fitness } = start();
      note(failed, 5);
      await health.flush();
      clock.now += 60_000;
      expect(await health.probe(TENANT, CONNECTION)).toBe(true);
      clock.now += 44_999;
      expect(fitness().kind).toBe("unfit");
      clock.now += 1;
      expect(fitness()).toEqual({ kind: "probe" });
      expect(await health.probe(TENANT, CONNECTION)).toBe(true);
    });
  });
}
