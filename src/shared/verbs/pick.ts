/** Which connection a try goes over: the first that is fit and has room. */
import type { Channel } from "../core/channels.ts";
import type { Wait } from "../core/untried.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Candidate } from "./candidates.ts";
import type { Deps } from "./deps.ts";
import type { Permit, PermitPool } from "./permit-pool.ts";

export type Picked =
  | { readonly kind: "use"; readonly connection: Candidate; readonly permit: Extract<Permit, { kind: "granted" }> }
  | { readonly kind: "wait"; readonly wait: Wait }
  /** There is none, or none that can be used. */
  | { readonly kind: "none"; readonly code: string; readonly reason: string };

export interface Choosing {
  readonly scope: ProjectScope;
  readonly channel: Channel;
  readonly candidates: readonly Candidate[];
  /** Ids of connections that this delivery has just been tried over. */
  readonly tried: ReadonlySet<string>;
  readonly permits: PermitPool;
}

/** Whoever asks while the probe of another is under way comes again then. */
const PROBE_MS = 5000;

/**
 * A connection whose breaker is open, or that asked for quiet, is passed over for the next one. One that has no room
 * under its limits is waited for: what it costs to go elsewhere is for a routing policy to say.
 */
export async function pick(deps: Pick<Deps, "now" | "health">, choosing: Choosing): Promise<Picked> {
  const { scope, channel, candidates, tried, permits } = choosing;
  const usable = candidates.filter((c) => c.error === null);
  if (usable.length === 0) return noneOf(channel, candidates);
  let soonest: Wait | null = null;
  for (const connection of usable) {
    if (tried.has(connection.connectionId)) continue;
    if (connection.provider.kind === "sandbox") return { kind: "use", connection, permit: FREE };
    const fitness = deps.health.fitness(scope.tenantId, connection.connectionId);
    if (fitness.kind === "unfit") {
      soonest = sooner(soonest, fitness.until, `${fitness.code}: ${fitness.reason}`);
      continue;
    }
    const permit = await permits.take(scope, channel, connection);
    if (permit.kind === "denied") {
      const reason = "As many messages as may are under way.";
      return { kind: "wait", wait: { until: permit.until, code: "rate_limited", reason } };
    }
    // Last of all: whoever is granted the probe has to make it.
    if (fitness.kind === "fit" || (await deps.health.probe(scope.tenantId, connection.connectionId))) {
      return { kind: "use", connection, permit };
    }
    await permit.done();
    soonest = sooner(soonest, deps.now() + PROBE_MS, "Another message is probing the connection.");
  }
  return soonest === null
    ? { kind: "none", code: "all_tried", reason: "Every connection was tried." }
    : { kind: "wait", wait: soonest };
}

/** Whether some other connection could be tried now. Asks nobody. */
export function hasAnother(
  deps: Pick<Deps, "health">,
  { scope, candidates, tried }: Pick<Choosing, "scope" | "candidates" | "tried">,
): boolean {
  return candidates.some(
    ({ connectionId, error, provider }) =>
      error === null &&
      !tried.has(connectionId) &&
      (provider.kind === "sandbox" || deps.health.fitness(scope.tenantId, connectionId).kind !== "unfit"),
  );
}

const FREE: Extract<Permit, { kind: "granted" }> = { kind: "granted", done: async () => undefined };

function sooner(before: Wait | null, until: number, reason: string): Wait {
  return before !== null && before.until <= until ? before : { until, code: "connections_open", reason: reason.slice(0, 200) };
}

function noneOf(channel: Channel, candidates: readonly Candidate[]): Picked {
  const broken = candidates[0]?.error;
  return broken === undefined || broken === null
    ? { kind: "none", code: "no_connection", reason: `The project has no enabled connection for ${channel}.` }
    : { kind: "none", code: "connection_unusable", reason: broken };
}
