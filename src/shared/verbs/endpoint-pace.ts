/**
 * How many posts an endpoint gets at the same time from one isolate, and how long it is left alone where it does not
 * answer: a breaker each, in memory only. An endpoint that hangs costs each isolate a few connections, and then a probe now
 * and then; it holds up nobody else. What waits for it uses up no try.
 */

import { type Breaker, FRESH, fitness, fold, startProbe } from "../core/breaker.ts";
import { askedWaitMs, type PostAnswer } from "../core/callback.ts";
import { reportOf } from "../core/health-report.ts";
import { Lru } from "../core/lru.ts";
import type { Deps } from "./deps.ts";

interface Pace {
  breaker: Breaker;
  underWay: number;
}

/** Over all invocations of an isolate. */
const MOST_UNDER_WAY = 32;
/** Who finds no room looks again after this. */
const LOOK_AGAIN_MS = 2_000;
/** A probe that says nothing for so long died with its isolate's memory. */
const PROBE_MS = 30_000;

const paces = new Lru<Pace>({ maxEntries: 10_000 });

function paceOf(name: string): Pace {
  const known = paces.get(name);
  if (known) return known;
  const fresh = { breaker: FRESH, underWay: 0 };
  paces.set(name, fresh);
  return fresh;
}

export type Entry =
  | { readonly kind: "wait"; readonly until: number }
  /** `leave` must be called, with the answer or with null where it was not asked after all. */
  | { readonly kind: "go"; readonly leave: (answer: PostAnswer | null) => void };

/** Asks to post to an endpoint now. */
export function enter(deps: Pick<Deps, "now" | "timing">, tenantId: string, name: string): Entry {
  const pace = paceOf(`${tenantId}/${name}`);
  const now = deps.now();
  if (pace.underWay >= MOST_UNDER_WAY) return { kind: "wait", until: now + LOOK_AGAIN_MS };
  const fit = fitness(pace.breaker, now);
  if (fit.kind === "unfit") return { kind: "wait", until: fit.until };
  let probe: number | null = null;
  if (fit.kind === "probe") {
    const started = startProbe(pace.breaker, now, PROBE_MS);
    probe = started.n;
    pace.breaker = started.breaker;
  }
  pace.underWay += 1;
  return {
    kind: "go",
    leave(answer) {
      pace.underWay -= 1;
      if (answer === null) return;
      const at = deps.now();
      pace.breaker = fold(pace.breaker, reportOf(outcomeOf(answer, at), at, probe), {
        now: at,
        openMs: deps.timing.breakerOpenMs,
      });
    },
  };
}

/** Any answer says that the endpoint is there; one with Retry-After asks for quiet. */
function outcomeOf(answer: PostAnswer, now: number): Parameters<typeof reportOf>[0] {
  if (answer.kind === "silent") return { kind: "failed", code: "no_answer", reason: answer.reason };
  const retryAfterMs = answer.status === 429 || answer.status === 503 ? askedWaitMs(answer, now) : null;
  return retryAfterMs === null ? { kind: "ok" } : { kind: "throttled", code: String(answer.status), retryAfterMs };
}
