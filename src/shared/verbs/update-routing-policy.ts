/** Changes a routing policy; its rules as a whole. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type RoutingPolicyRow, routingPoliciesOf } from "../db/control/routing-policies.ts";
import { announceConnections } from "./announce-connections.ts";
import { checkRules } from "./check-rules.ts";
import type { NewRoutingPolicy } from "./create-routing-policy.ts";
import type { Actor, Deps } from "./deps.ts";

/** Deliveries go by the change at once, or within ten seconds where many isolates deliver. */
export async function updateRoutingPolicy(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  id: string,
  change: Partial<NewRoutingPolicy>,
): Promise<RoutingPolicyRow> {
  const policies = routingPoliciesOf(deps.control, actor);
  const row = await policies.get(id);
  if (!row) throw new Fault("not_found");
  if (Object.keys(change).length === 0) return row;
  const { rules, ...fields } = change;
  if (rules !== undefined) await checkRules(deps, actor, rules);
  const now = deps.now();
  const set = { ...fields, ...(rules === undefined ? {} : { rules: JSON.stringify(rules) }), updatedAt: now };
  await commit(deps.control, [
    policies.update(id, set),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "routing_policy.updated",
      target: id,
      details: { ...change },
    }),
  ]);
  await announceConnections(deps, actor);
  return { ...row, ...set };
}
