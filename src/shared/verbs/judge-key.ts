/** Whether a key that looks abused to one gate is abused by what all gates of its tenant know; if so, it is suspended. */
import { abuseSettings, suspicionOf, together } from "../core/abuse.ts";
import type { TenantLimits } from "../core/tenant.ts";
import { connectionsOf } from "../db/control/connections.ts";
import { tenantKeys } from "../db/control/keys.ts";
import { tenantOf } from "../db/control/tenants.ts";
import type { Deps } from "./deps.ts";
import { suspendKey } from "./suspend-key.ts";

/** @param at When the gate became suspicious, by its clock; milliseconds since 1970. */
export async function judgeKey(
  deps: Pick<Deps, "control" | "gate" | "now" | "random" | "log">,
  tenantId: string,
  keyId: string,
  at: number,
): Promise<void> {
  const scope = { tenantId };
  const [tenant, key] = await Promise.all([tenantOf(deps.control, scope).get(), tenantKeys(deps.control, scope).get(keyId)]);
  if (!tenant || !key || key.mode === "test" || key.revokedAt !== null) return;
  // As createTenant and updateTenant wrote it.
  const settings = abuseSettings((JSON.parse(tenant.limits) as Partial<TenantLimits>).abuse);
  if (!settings.enabled) return;
  // Where every message ends in the sandbox, nobody is bothered, and a load test is welcome.
  const connections = await connectionsOf(deps.control, { tenantId, projectId: key.projectId }).enabled();
  if (connections.every(({ provider }) => provider === "sandbox")) return;
  const shards = Array.from({ length: tenant.gateShards }, (_, shard) => shard);
  const tally = together(await Promise.all(shards.map((shard) => deps.gate(tenantId, shard).countsOf(keyId))));
  const suspicion = tally && suspicionOf(tally, { ...settings, gateShards: 1 }, at);
  if (!suspicion) return;
  await suspendKey(deps, { tenantId, name: "system", requestId: null }, key, suspicion);
}
