/** A project's routing policies, as the dispatcher knows them. */
import { Lru } from "../core/lru.ts";
import type { RoutingPolicy, RoutingRule } from "../core/routing-rule.ts";
import { routingPoliciesOf } from "../db/control/routing-policies.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

const CACHE_MS = 10_000;
const CACHE_LIMIT = 1000;

type Policies = readonly RoutingPolicy[];

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Lru<{ readonly policies: Policies; readonly until: number }>({ maxEntries: CACHE_LIMIT });

/** What one invocation is reading, which its health client stands for: runtime/wire.ts makes a new one for each. */
const flights = new WeakMap<Deps["health"], Map<string, Promise<Policies>>>();

type PolicyDeps = Pick<Deps, "control" | "now" | "health">;

/** Those that are enabled, in the order in which they are asked. At most 10 s old; costs no query in between. */
export async function projectPolicies(deps: PolicyDeps, scope: ProjectScope): Promise<Policies> {
  const key = cacheKey(scope);
  const known = cache.get(key);
  if (known && known.until > deps.now()) return known.policies;

  const own = flights.get(deps.health) ?? new Map<string, Promise<Policies>>();
  flights.set(deps.health, own);
  const flight = own.get(key) ?? read(deps, scope).finally(() => own.delete(key));
  own.set(key, flight);
  return flight;
}

async function read(deps: PolicyDeps, scope: ProjectScope): Promise<Policies> {
  const until = deps.now() + CACHE_MS;
  const rows = await routingPoliciesOf(deps.control, scope).list();
  // The column was written by createRoutingPolicy and updateRoutingPolicy, in this shape.
  const policies = rows
    .filter((row) => row.enabled)
    .map((row) => ({ id: row.id, rules: JSON.parse(row.rules) as RoutingRule[] }));
  cache.set(cacheKey(scope), { policies, until });
  return policies;
}

/** The next `projectPolicies` of this project reads again. */
export function forgetPolicies(scope: ProjectScope): void {
  cache.delete(cacheKey(scope));
}

function cacheKey({ tenantId, projectId }: ProjectScope): string {
  return `${tenantId}/${projectId}`;
}
