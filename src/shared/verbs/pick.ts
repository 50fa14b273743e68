/** Which connection a try goes over: the first of its route that is fit and has room. */
import type { Fitness } from "../core/breaker.ts";
import type { Channel } from "../core/channels.ts";
import type { Wait } from "../core/untried.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Candidate } from "./candidates.ts";
import { UNCAPPED } from "./cap-permits.ts";
import type { Deps } from "./deps.ts";
import type { Permit, PermitPool } from "./permit-pool.ts";
import type { Route } from "./route.ts";

export type Picked =
  | { readonly kind: "use"; readonly connection: Candidate; readonly permit: Extract<Permit, { kind: "granted" }> }
  | { readonly kind: "wait"; readonly wait: Wait }
  /** There is none, or none that can be used. */
  | { readonly kind: "none"; readonly code: string; readonly reason: string };

export interface Choosing {
  readonly scope: ProjectScope;
  readonly channel: Channel;
  readonly route: Pick<Route, "candidates" | "caps" | "overflow" | "isNarrow">;
  /** Ids of connections that this delivery has just been tried over. */
  readonly tried: ReadonlySet<string>;
  readonly permits: PermitPool;
}

/** Whoever asks while the probe of another is under way comes again then. */
const PROBE_MS = 5000;

/**
 * A connection whose breaker is open, that asked for quiet, or whose cap is used up, is passed over for the next one. One
 * that has no room under its limits is waited for, unless the route says otherwise (`overflow`).
 */
export async function pick(deps: Pick<Deps, "now" | "health">, choosing: Choosing): Promise<Picked> {
  const { scope, channel, tried, permits } = choosing;
  const { candidates, caps, overflow, isNarrow } = choosing.route;
  const usable = candidates.filter((c) => c.error === null);
  if (usable.length === 0) return candidates.length === 0 && isNarrow ? NO_ROUTE : noneOf(channel, candidates);
  let soonest: Wait | null = null;
  for (const connection of usable) {
    if (tried.has(connection.connectionId)) continue;
    const isSandbox = connection.provider.kind === "sandbox";
    const fitness = isSandbox ? FIT : deps.health.fitness(scope.tenantId, connection.connectionId);
    if (fitness.kind === "unfit") {
      soonest = sooner(soonest, fitness.until, `${fitness.code}: ${fitness.reason}`);
      continue;
    }
    const cap = caps.size === 0 ? UNCAPPED : await permits.takeCap(caps.get(connection.connectionId));
    if (cap.kind === "denied") {
      soonest = sooner(soonest, cap.until, "Its cap is used up.", "capped");
      continue;
    }
    if (isSandbox) return { kind: "use", connection, permit: FREE };
    const permit = await permits.take(scope, channel, connection, overflow);
    if (permit.kind === "denied") {
      cap.giveBack();
      const reason = "As many messages as may are under way.";
      if (!overflow) return { kind: "wait", wait: { until: permit.until, code: "rate_limited", reason } };
      soonest = sooner(soonest, permit.until, reason, "rate_limited");
      continue;
    }
    // Last of all: whoever is granted the probe has to make it.
    if (fitness.kind === "fit" || (await deps.health.probe(scope.tenantId, connection.connectionId))) {
      return { kind: "use", connection, permit };
    }
    cap.giveBack();
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
  { scope, candidates, tried }: Pick<Choosing, "scope" | "tried"> & Pick<Route, "candidates">,
): boolean {
  return candidates.some(
    ({ connectionId, error, provider }) =>
      error === null &&
      !tried.has(connectionId) &&
      (provider.kind === "sandbox" || deps.health.fitness(scope.tenantId, connectionId).kind !== "unfit"),
  );
}

const FIT: Fitness = { kind: "fit" };
const FREE: Extract<Permit, { kind: "granted" }> = { kind: "granted", done: async () => undefined };

function sooner(before: Wait | null, until: number, reason: string, code: Wait["code"] = "connections_open"): Wait {
  return before !== null && before.until <= until ? before : { until, code, reason: reason.slice(0, 200) };
}

const NO_ROUTE: Picked = {
  kind: "none",
  code: "no_route",
  reason: "The routing policy allows some connections only, and none of them is there.",
};

function noneOf(channel: Channel, candidates: readonly Candidate[]): Picked {
  const broken = candidates[0]?.error;
  return broken === undefined || broken === null
    ? { kind: "none", code: "no_connection", reason: `The project has no enabled connection for ${channel}.` }
    : { kind: "none", code: "connection_unusable", reason: broken };
}
