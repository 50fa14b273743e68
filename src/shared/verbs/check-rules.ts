/** Whether the connections that rules name are there, and of the channel that the rules are for. */
import { namedIn } from "../contract/routing-policies.ts";
import { Fault } from "../core/faults.ts";
import type { RoutingRule } from "../core/routing-rule.ts";
import { routingPoliciesOf } from "../db/control/routing-policies.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

/** Throws `validation_failed` with every flaw. A connection that is deleted later is passed over. */
export async function checkRules(deps: Pick<Deps, "control">, scope: ProjectScope, rules: readonly RoutingRule[]): Promise<void> {
  const named = namedIn(rules);
  const channels = await routingPoliciesOf(deps.control, scope).channelsOf([...new Set(named.map(({ id }) => id))]);
  const errors = named.flatMap(({ path, id, channel }) => {
    const known = channels.get(id);
    if (known === undefined) return [{ path, message: "The project has no such connection." }];
    if (channel === undefined || channel === known) return [];
    return [{ path, message: `It is a connection for ${known}, and the rule is for ${channel}.` }];
  });
  if (errors.length > 0) throw new Fault("validation_failed", { errors });
}
