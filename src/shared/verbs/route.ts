/** Which connections carry a delivery, in which order, and why: the project's policies, over what is known at this moment. */
import type { AttemptRoute } from "../core/message.ts";
import type { Place } from "../core/outbound.ts";
import { decide, explainRoute, type RouteDecision, type RouteExplanation } from "../core/routing.ts";
import { factsOf, type RouteSubject } from "../core/routing-facts.ts";
import type { Cap } from "../core/routing-rule.ts";
import type { RouteConnection } from "../core/routing-score.ts";
import type { FailOverOutcome } from "../core/tenant.ts";
import { NOTHING_RECENT } from "../core/track-record.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Candidate } from "./candidates.ts";
import type { Deps } from "./deps.ts";
import { projectPolicies } from "./project-policies.ts";

type RouteDeps = Pick<Deps, "control" | "now" | "health">;

export interface Route {
  /** In the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** By connection id, what its attempt keeps; none where no policy decided. */
  readonly choices: ReadonlyMap<string, AttemptRoute>;
  /** Null where the project's own holds. */
  readonly failOverOn: readonly FailOverOutcome[] | null;
  /** One without room under its own limits is passed over instead of waited for. */
  readonly overflow: boolean;
  /** There are others, and the rule rules them out (`only`). */
  readonly isNarrow: boolean;
  /** By connection id. One whose cap is used up is passed over. */
  readonly caps: ReadonlyMap<string, Place>;
}

const NO_CHOICES: Route["choices"] = new Map();
const NO_CAPS: Route["caps"] = new Map();

/** Without a policy that holds, the candidates as they came: by their priority. Throws where the policies cannot be read. */
export async function routeOf(
  deps: RouteDeps,
  scope: ProjectScope,
  subject: RouteSubject,
  candidates: readonly Candidate[],
  now = deps.now(),
): Promise<Route> {
  const policies = await projectPolicies(deps, scope);
  if (policies.length === 0) return unrouted(candidates);
  const decision = decide(policies, factsOf(subject), connectionsOf(deps, scope, candidates), now);
  const { policy_id: policyId, rule } = decision;
  if (policyId === null || rule === null) return unrouted(candidates);
  const byId = new Map(candidates.map((c) => [c.connectionId, c]));
  return {
    candidates: decision.order.flatMap(({ assessment }) => byId.get(assessment.connection_id) ?? []),
    choices: choicesOf(decision, policyId, rule),
    failOverOn: decision.fail_over_on,
    overflow: decision.overflow,
    isNarrow: decision.left_out.length > 0,
    caps: new Map(decision.caps.map((cap) => [cap.connection_id, placeOf(policyId, cap)])),
  };
}

/** The same decision with all that led to it, for people to read. Without `isRouted` no policy is asked. */
export async function explainRouteOf(
  deps: RouteDeps,
  scope: ProjectScope,
  subject: RouteSubject,
  candidates: readonly Candidate[],
  { isRouted = true, now = deps.now() }: { readonly isRouted?: boolean; readonly now?: number } = {},
): Promise<RouteExplanation> {
  const policies = isRouted ? await projectPolicies(deps, scope) : [];
  return explainRoute(policies, factsOf(subject), connectionsOf(deps, scope, candidates), now);
}

/** Candidates as they came, with nothing decided. */
export function unrouted(candidates: readonly Candidate[]): Route {
  return { candidates, choices: NO_CHOICES, failOverOn: null, overflow: false, isNarrow: false, caps: NO_CAPS };
}

function connectionsOf(
  { health }: Pick<Deps, "health">,
  { tenantId }: ProjectScope,
  candidates: readonly Candidate[],
): RouteConnection[] {
  return candidates.map(({ connectionId: id, provider, priority, prices, error }) => {
    const isReal = provider.kind !== "sandbox" && error === null;
    return {
      id,
      priority,
      prices,
      recent: isReal ? health.record(tenantId, id) : NOTHING_RECENT,
      isOut: error !== null || (isReal && health.fitness(tenantId, id).kind === "unfit"),
    };
  });
}

function choicesOf({ order }: RouteDecision, policyId: string, rule: number): Route["choices"] {
  return new Map(
    order.map(({ assessment, by, score, why }) => [
      assessment.connection_id,
      { policy_id: policyId, rule, strategy: by, score, why, cost_micros: assessment.cost_micros },
    ]),
  );
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Over all rules of the policy: what one lets through counts for the others. */
function placeOf(policyId: string, { connection_id, per_minute, per_day }: Cap): Place {
  return {
    name: `cap/${policyId}/${connection_id}`,
    limits: {
      windows: [
        ...(per_minute === undefined ? [] : [{ ms: MINUTE_MS, most: per_minute }]),
        ...(per_day === undefined ? [] : [{ ms: DAY_MS, most: per_day }]),
      ],
    },
  };
}
