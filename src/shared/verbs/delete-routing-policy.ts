/** Deletes a routing policy. Attempts that it decided keep its id. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { routingPoliciesOf } from "../db/control/routing-policies.ts";
import { announceConnections } from "./announce-connections.ts";
import type { Actor, Deps } from "./deps.ts";

export async function deleteRoutingPolicy(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  id: string,
): Promise<void> {
  const policies = routingPoliciesOf(deps.control, actor);
  const row = await policies.get(id);
  if (!row) throw new Fault("not_found");
  const now = deps.now();
  await commit(deps.control, [
    policies.remove(id),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "routing_policy.deleted",
      target: id,
      details: { name: row.name },
    }),
  ]);
  await announceConnections(deps, actor);
}
