/**
 * Health (ports/health.ts) over ProviderHealth objects: each isolate's own copy of the breakers that it meets, at most
 * ten seconds old, with all that it saw itself folded in at once. An object is read once in ten seconds, and told of
 * failures and of the success that ends them; how many successes there were goes along with the next failure.
 */
import { type Breaker, FRESH, fitness, fold, type Moment, type Outcome, startProbe } from "../core/breaker.ts";
import { healthOf } from "../core/connection-health.ts";
import { joined, NO_REPORT, type Report, reportOf, withRecord } from "../core/health-report.ts";
import { Lru } from "../core/lru.ts";
import type { Timing } from "../core/timing.ts";
import { NO_RECORD, recentOf } from "../core/track-record.ts";
import type { Breakers, Health } from "../ports/health.ts";
import type { Deps } from "../verbs/deps.ts";
import { type HealthObjects, healthName } from "./health-objects.ts";

const FRESH_FOR_MS = 10_000;
/** Who asked for a probe and was not answered within this is taken for dead. */
const ASKING_MS = 5_000;
const MOST_COPIES = 10_000;

interface Copy {
  readonly tenantId: string;
  readonly connectionId: string;
  breaker: Breaker;
  readAt: number;
  /** Counts what came from the object, so that an answer that was overtaken is dropped. */
  answers: number;
  /** What the object was not told yet. */
  report: Report;
  /** The number of the probe that this isolate was granted and has not answered. */
  probe: number | null;
  askingUntil: number;
}

/** What the invocations of one isolate share. Values only: workerd forbids to await a promise of another invocation. */
export class HealthCopies {
  readonly #copies = new Lru<Copy>({ maxEntries: MOST_COPIES });
  /** Copies with something that their object has to know. */
  readonly untold = new Set<Copy>();

  of(tenantId: string, connectionId: string): Copy {
    const name = healthName(tenantId, connectionId);
    const known = this.#copies.get(name);
    if (known) return known;
    const copy: Copy = {
      tenantId,
      connectionId,
      breaker: FRESH,
      readAt: Number.NEGATIVE_INFINITY,
      answers: 0,
      report: NO_REPORT,
      probe: null,
      askingUntil: 0,
    };
    this.#copies.set(name, copy);
    return copy;
  }
}

/** Of this isolate. */
const COPIES = new HealthCopies();

type ClientDeps = Pick<Deps, "now" | "log"> & { readonly timing: Pick<Timing, "breakerOpenMs" | "leaseMs"> };

export function healthClient(objects: HealthObjects, deps: ClientDeps, copies = COPIES): Health & Breakers {
  const { now, log, timing } = deps;
  const moment = (): Moment => ({ now: now(), openMs: timing.breakerOpenMs });
  const objectOf = (copy: Copy) => objects(copy.tenantId, copy.connectionId);
  const notAsked = (event: string, copy: Copy, error: unknown): void =>
    log({ level: "warn", event, tenant_id: copy.tenantId, connection_id: copy.connectionId, error: String(error) });

  /** Takes over what the object said, with what it was not told yet. */
  const learn = (copy: Copy, breaker: Breaker): void => {
    copy.breaker = fold(breaker, copy.report, moment());
    copy.readAt = now();
    copy.answers += 1;
  };

  const refresh = async (copy: Copy): Promise<void> => {
    const ageMs = now() - copy.readAt;
    if (ageMs >= 0 && ageMs < FRESH_FOR_MS) return;
    // The others of this isolate go by the old copy meanwhile; one that was never read is no copy, and each reads it.
    if (copy.answers > 0) copy.readAt = now();
    const { answers } = copy;
    try {
      const breaker = await objectOf(copy).read();
      if (copy.answers === answers) learn(copy, breaker);
    } catch (error) {
      copy.readAt = now();
      notAsked("health_not_read", copy, error);
    }
  };

  const tell = async (copy: Copy): Promise<void> => {
    const told = copy.report;
    copy.report = NO_REPORT;
    try {
      learn(copy, await objectOf(copy).report(told));
    } catch (error) {
      copy.report = joined(told, copy.report, now());
      copies.untold.add(copy);
      notAsked("health_not_told", copy, error);
    }
  };

  /** Where the object cannot be asked, an isolate grants itself what it would have been granted. */
  const probeAlone = (copy: Copy): boolean => {
    const { n, breaker } = startProbe(copy.breaker, now(), timing.leaseMs);
    copy.breaker = breaker;
    copy.probe = n;
    return n !== null;
  };

  return {
    async know(tenantId, connectionIds) {
      await Promise.all(connectionIds.map((id) => refresh(copies.of(tenantId, id))));
    },

    fitness: (tenantId, connectionId) => fitness(copies.of(tenantId, connectionId).breaker, now()),

    async probe(tenantId, connectionId) {
      const copy = copies.of(tenantId, connectionId);
      const fit = fitness(copy.breaker, now());
      if (fit.kind !== "probe" || copy.askingUntil > now()) return fit.kind === "fit";
      copy.askingUntil = now() + ASKING_MS;
      try {
        const { n, breaker } = await objectOf(copy).probe();
        if (n !== null) {
          // What was seen before the probe says nothing about it, but belongs to the record.
          copy.report = { ...NO_REPORT, ...withRecord(copy.report, {}, now()) };
          copies.untold.delete(copy);
          copy.probe = n;
        }
        learn(copy, breaker);
        return n !== null || fitness(copy.breaker, now()).kind === "fit";
      } catch (error) {
        notAsked("probe_not_asked", copy, error);
        return probeAlone(copy);
      } finally {
        copy.askingUntil = 0;
      }
    },

    record: (tenantId, connectionId) => recentOf(copies.of(tenantId, connectionId).breaker.record ?? NO_RECORD, now()),

    note(tenantId, connectionId, outcome, latencyMs) {
      const copy = copies.of(tenantId, connectionId);
      const one = reportOf(outcome, now(), copy.probe, latencyMs);
      if (copy.probe !== null || matters(outcome, one, copy.breaker)) copies.untold.add(copy);
      copy.probe = null;
      copy.breaker = fold(copy.breaker, one, moment());
      copy.report = joined(copy.report, one, now());
    },

    async flush() {
      const untold = [...copies.untold];
      copies.untold.clear();
      await Promise.all(untold.map(tell));
    },

    async look(tenantId, connectionId) {
      try {
        return healthOf(await objects(tenantId, connectionId).read(), now());
      } catch (error) {
        notAsked("health_not_read", copies.of(tenantId, connectionId), error);
        return null;
      }
    },

    async reset(tenantId, connectionId) {
      const copy = copies.of(tenantId, connectionId);
      copy.report = NO_REPORT;
      copy.probe = null;
      copies.untold.delete(copy);
      learn(copy, await objectOf(copy).mend());
    },
  };
}

/** Whether the object has to know: of a success only where it ends a run of failures. */
function matters(outcome: Outcome, one: Report, breaker: Breaker): boolean {
  switch (outcome.kind) {
    case "ok":
      return breaker.failures > 0;
    case "failed":
    case "misconfigured":
      return true;
    case "throttled":
      return one.pausedUntil > breaker.pausedUntil;
  }
}
