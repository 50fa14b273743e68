/** Every connection of a delivery's channel as the delivery finds it, whether it is chosen or not. Asks and changes nothing. */
import type { SeenCandidate } from "../core/consideration.ts";
import type { Delivery, Envelope } from "../core/message.ts";
import type { Choice, RouteExplanation } from "../core/routing.ts";
import { factsOf, type RouteSubject } from "../core/routing-facts.ts";
import type { Assessment } from "../core/routing-score.ts";
import type { ProjectScope } from "../db/scope.ts";
import { ableTo, ableToCarry, type Candidate } from "./candidates.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { explainRouteOf } from "./route.ts";

type LookDeps = Pick<DeliverDeps, "control" | "now" | "health">;

export interface Look {
  readonly candidates: readonly SeenCandidate[];
  readonly explanation: RouteExplanation;
  readonly country: string | null;
}

interface About {
  readonly delivery: Delivery;
  /** Null where it cannot be made. */
  readonly envelope: Envelope | null;
  readonly subject: RouteSubject;
  /** Whether routing policies are asked. */
  readonly isRouted: boolean;
  /** What the time is taken for. */
  readonly now: number;
}

/** `all`: the connections of the channel, as they stand. */
export async function lookOver(deps: LookDeps, scope: ProjectScope, about: About, all: readonly Candidate[]): Promise<Look> {
  const refusals = new Map(all.map((one) => [one.connectionId, refusalOf(one, about.delivery, about.envelope)]));
  const able = all.filter(({ connectionId }) => refusals.get(connectionId) === null);
  const explanation = await explainRouteOf(deps, scope, about.subject, able, about);
  // Where no policy decides they are tried as they came.
  const order = explanation.policy_id === null ? able.map((c) => c.connectionId) : explanation.order.map(idOf);
  const choices = new Map(explanation.order.map((choice) => [idOf(choice), choice]));
  const leftOut = new Map(explanation.left_out.map((one) => [one.connection_id, one]));
  const tried = order.filter((id) => able.some((c) => c.connectionId === id && c.error === null));
  const seen = all.map((one): SeenCandidate => {
    const { connectionId: id } = one;
    const choice = choices.get(id);
    const place = tried.indexOf(id);
    return {
      connection_id: id,
      provider: one.provider.id,
      ...NOTHING,
      ...standingOf(deps, scope, one, refusals.get(id) ?? null, leftOut.has(id)),
      place: place < 0 ? null : place + 1,
      by: choice?.by ?? null,
      score: choice?.score ?? null,
      why: choice?.why ?? null,
      priority: one.priority,
      ...knownOf(choice?.assessment ?? leftOut.get(id)),
    };
  });
  const candidates = seen.toSorted((a, b) => (a.place ?? Number.POSITIVE_INFINITY) - (b.place ?? Number.POSITIVE_INFINITY) || 0);
  return { candidates, explanation, country: factsOf(about.subject).country };
}

const NOTHING = { code: null, reason: null, until: null } as const;

const idOf = ({ assessment }: Choice) => assessment.connection_id;

type Refusal = { readonly code: string; readonly reason: string };

function refusalOf(one: Candidate, { destination }: Delivery, envelope: Envelope | null): Refusal | null {
  const able = ableTo([one], destination);
  if ("code" in able) return able;
  const carried = envelope === null ? able : ableToCarry([one], envelope);
  return "code" in carried ? carried : null;
}

/** The sandbox is always fit: verbs/pick.ts asks nobody about it. */
function standingOf(
  deps: LookDeps,
  { tenantId }: ProjectScope,
  { connectionId, error, provider }: Candidate,
  refusal: Refusal | null,
  isLeftOut: boolean,
): Pick<SeenCandidate, "verdict"> & Partial<SeenCandidate> {
  if (error !== null) return { verdict: "broken", code: "connection_unusable", reason: error };
  if (refusal !== null) return { verdict: "cannot_carry", code: refusal.code, reason: refusal.reason };
  if (isLeftOut) return { verdict: "left_out", reason: "The rule allows the connections that it names, and no others." };
  if (provider.kind === "sandbox") return { verdict: "fit" };
  const fitness = deps.health.fitness(tenantId, connectionId);
  switch (fitness.kind) {
    case "fit":
    case "probe":
      return { verdict: fitness.kind };
    case "unfit":
      return { verdict: "open", code: fitness.code, reason: fitness.reason, until: fitness.until };
  }
}

function knownOf(assessment: Assessment | undefined): Pick<SeenCandidate, "success_rate" | "latency_ms" | "cost_micros"> {
  return {
    success_rate: assessment === undefined ? null : Math.round(assessment.success_rate * 10_000) / 10_000,
    latency_ms: assessment?.latency_ms ?? null,
    cost_micros: assessment?.cost_micros ?? null,
  };
}
