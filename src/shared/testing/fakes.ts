/** Ports as tests need them: they do as they are told, and remember what they were asked. */
import { type Breaker, FRESH, fitness, fold, startProbe } from "../core/breaker.ts";
import { reportOf } from "../core/health-report.ts";
import type { Place } from "../core/outbound.ts";
import { DEFAULT_TIMING } from "../core/timing.ts";
import { NO_RECORD, recentOf } from "../core/track-record.ts";
import type { Health } from "../ports/health.ts";
import type { Asker, Lessor } from "../ports/lessor.ts";

export interface FakeLessor extends Lessor {
  /** Every question, in order. */
  readonly asked: { readonly places: readonly string[]; readonly want: number; readonly stays: boolean }[];
  /** What every release gave back unused, in order. */
  readonly released: number[];
}

/** Grants what `grant` says, which is all unless set; the rest may come again after `retryAfterMs`. */
export function fakeLessor(
  options: { readonly grant?: (places: readonly Place[], want: number) => number; readonly retryAfterMs?: number } = {},
): FakeLessor {
  const { grant = (_: readonly Place[], want: number) => want, retryAfterMs = 1000 } = options;
  const asked: FakeLessor["asked"] = [];
  const released: number[] = [];
  return {
    asked,
    released,
    async take(places: readonly Place[], want: number, asker?: Asker) {
      asked.push({ places: places.map(({ name }) => name), want, stays: asker?.stays ?? false });
      const granted = Math.min(want, grant(places, want));
      return {
        granted,
        retryAfterMs: granted < want ? retryAfterMs : 0,
        release: async (unused) => void released.push(unused),
      };
    },
  };
}

/** Breakers without objects: one isolate that is alone in the world. */
export function fakeHealth(now: () => number): Health {
  const breakers = new Map<string, { breaker: Breaker; probe: number | null }>();
  const { breakerOpenMs: openMs, leaseMs } = DEFAULT_TIMING;
  const of = (tenantId: string, connectionId: string) => {
    const name = `${tenantId}/${connectionId}`;
    const one = breakers.get(name) ?? { breaker: FRESH, probe: null };
    breakers.set(name, one);
    return one;
  };
  return {
    know: async () => undefined,
    fitness: (tenantId, connectionId) => fitness(of(tenantId, connectionId).breaker, now()),
    async probe(tenantId, connectionId) {
      const one = of(tenantId, connectionId);
      const { n, breaker } = startProbe(one.breaker, now(), leaseMs);
      one.breaker = breaker;
      one.probe = n ?? one.probe;
      return n !== null || fitness(breaker, now()).kind === "fit";
    },
    record: (tenantId, connectionId) => recentOf(of(tenantId, connectionId).breaker.record ?? NO_RECORD, now()),
    note(tenantId, connectionId, outcome, latencyMs) {
      const one = of(tenantId, connectionId);
      one.breaker = fold(one.breaker, reportOf(outcome, now(), one.probe, latencyMs), { now: now(), openMs });
      one.probe = null;
    },
    flush: async () => undefined,
  };
}
