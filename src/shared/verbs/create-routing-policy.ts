/** Adds a routing policy to a project. */
import { MOST_POLICIES } from "../contract/routing-policies.ts";
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import type { RoutingRule } from "../core/routing-rule.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type RoutingPolicyRow, routingPoliciesOf } from "../db/control/routing-policies.ts";
import { announceConnections } from "./announce-connections.ts";
import { checkRules } from "./check-rules.ts";
import type { Actor, Deps } from "./deps.ts";

export interface NewRoutingPolicy {
  readonly name: string;
  readonly position: number;
  readonly enabled: boolean;
  readonly rules: readonly RoutingRule[];
}

export async function createRoutingPolicy(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  { name, position, enabled, rules }: NewRoutingPolicy,
): Promise<RoutingPolicyRow> {
  const policies = routingPoliciesOf(deps.control, actor);
  const [count] = await Promise.all([policies.count(), checkRules(deps, actor, rules)]);
  if (count >= MOST_POLICIES) throw new Fault("conflict", { detail: `A project has at most ${MOST_POLICIES} routing policies.` });
  const now = deps.now();
  const row: RoutingPolicyRow = {
    tenantId: actor.tenantId,
    projectId: actor.projectId,
    id: newId("rtp", now, deps.random),
    name,
    position,
    enabled,
    rules: JSON.stringify(rules),
    createdAt: now,
    updatedAt: now,
  };
  await commit(deps.control, [
    policies.insert(row),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "routing_policy.created",
      target: row.id,
      details: { name, position, enabled, rules },
    }),
  ]);
  await announceConnections(deps, actor);
  return row;
}
