/** Which places limit a delivery on its way out: of the deployment, of the tenant's channel, of the connection. */
import type { Channel } from "../core/channels.ts";
import { Lru } from "../core/lru.ts";
import { isLimited, type OutboundByChannel, type OutboundLimits, type Place } from "../core/outbound.ts";
import type { TenantLimits } from "../core/tenant.ts";
import { tenantOf } from "../db/control/tenants.ts";
import type { TenantScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

const CACHE_MS = 10_000;
const CACHE_LIMIT = 1000;

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Lru<{ readonly outbound: OutboundByChannel; readonly until: number }>({ maxEntries: CACHE_LIMIT });

/**
 * The places to ask, from the widest to the narrowest, for `Lessor.take`; none where nothing is limited.
 * The tenant's limits are at most 10 s old, and cost no query in between.
 */
export async function placesFor(
  deps: Pick<Deps, "control" | "now" | "outboundLimits">,
  { tenantId }: TenantScope,
  channel: Channel,
  connection: { readonly connectionId: string; readonly limits: OutboundLimits },
): Promise<readonly Place[]> {
  const tenant = await outboundOf(deps, tenantId);
  const places: Place[] = [
    { name: `global/${channel}`, limits: deps.outboundLimits[channel] ?? {} },
    { name: `tenant/${tenantId}/${channel}`, limits: tenant[channel] ?? {} },
    { name: `connection/${connection.connectionId}`, limits: connection.limits },
  ];
  return places.filter(({ limits }) => isLimited(limits));
}

async function outboundOf(deps: Pick<Deps, "control" | "now">, tenantId: string): Promise<OutboundByChannel> {
  const now = deps.now();
  const known = cache.get(tenantId);
  if (known && known.until > now) return known.outbound;
  const row = await tenantOf(deps.control, { tenantId }).get();
  // The column was written by createTenant and updateTenant, in this shape.
  const { outbound = {} } = JSON.parse(row?.limits ?? "{}") as Partial<TenantLimits>;
  cache.set(tenantId, { outbound, until: now + CACHE_MS });
  return outbound;
}

/** The next `placesFor` of this tenant reads again. */
export function forgetOutbound(tenantId: string): void {
  cache.delete(tenantId);
}
