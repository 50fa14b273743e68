/**
 * How long things wait before somebody else takes them up: what the promises of delivery are made of. One set,
 * handed down as `deps.timing`, so that a run that breaks everything on purpose (bench/chaos) need not last
 * for hours. No deployment sets any of them: the variable TIMING stands in no wrangler.toml.
 */
export interface Timing {
  /** A claim of a pack holds so long. */
  readonly leaseMs: number;
  /** No fetch is started later than this after the claim… */
  readonly startWithinMs: number;
  /** …and none lasts longer than this, whatever its provider's own timeout: so who lives has settled within the lease. */
  readonly carryWithinMs: number;
  /** An unclear outcome waits so long for the provider's own event, before the message's `delivery` option decides. */
  readonly inDoubtWaitMs: number;
  /** A delivery that met a fault of ours waits so long. */
  readonly faultWaitMs: number;
  /** A gate with open packs looks so often for bells that were lost. */
  readonly sweepEveryMs: number;
  /** An unanswered bell is rung again after this, then after twice as long, up to 64 times as long. */
  readonly ringAgainMs: number;
  /** An open breaker stays open so long before one delivery probes it. */
  readonly breakerOpenMs: number;
}

export const DEFAULT_TIMING: Timing = {
  leaseMs: 45_000,
  startWithinMs: 20_000,
  carryWithinMs: 20_000,
  inDoubtWaitMs: 60_000,
  faultWaitMs: 30_000,
  sweepEveryMs: 30_000,
  ringAgainMs: 30_000,
  breakerOpenMs: 60_000,
};

/**
 * The defaults, with what `json` (an object of milliseconds by name) sets. Throws where it is no such object,
 * and where a holder that lives could still be carrying when its lease runs out.
 */
export function parseTiming(json: string | undefined): Timing {
  if (json === undefined || json === "") return DEFAULT_TIMING;
  const set = JSON.parse(json) as Record<string, unknown>;
  for (const [name, ms] of Object.entries(set)) {
    if (!(name in DEFAULT_TIMING)) throw new Error(`TIMING has no ${name}`);
    if (typeof ms !== "number" || !(ms > 0)) throw new Error(`TIMING: ${name} must be milliseconds above 0`);
  }
  // Every name and every value were looked at above.
  const timing: Timing = { ...DEFAULT_TIMING, ...(set as Partial<Timing>) };
  if (timing.startWithinMs + timing.carryWithinMs >= timing.leaseMs) {
    throw new Error("TIMING: startWithinMs and carryWithinMs must end within leaseMs");
  }
  return timing;
}
