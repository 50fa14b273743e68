/** Makes a tenant with its first project and keys. */
import { CHANNELS } from "../core/channels.ts";
import { newId } from "../core/ids.ts";
import { DEFAULT_LIMITS, DEFAULT_PROJECT, SCOPES, type TenantLimits } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { connectionsOf } from "../db/control/connections.ts";
import { keysOf } from "../db/control/keys.ts";
import { insertTenant } from "../db/control/tenants.ts";
import { mintKey } from "./create-key.ts";
import type { Deps } from "./deps.ts";

export interface NewTenant {
  readonly name: string;
  readonly limits?: Partial<TenantLimits>;
  readonly gateShards?: number;
  /** Gives the first project a sandbox connection on every channel, so that it can send at once. */
  readonly sandbox: boolean;
  readonly requestId: string;
}

export interface MadeTenant {
  readonly tenantId: string;
  readonly projectId: string;
  readonly liveKey: string;
  readonly testKey: string;
}

export async function createTenant(
  deps: Pick<Deps, "control" | "now" | "random" | "shards" | "sealer">,
  input: NewTenant,
): Promise<MadeTenant> {
  const { control, random } = deps;
  const now = deps.now();
  const scope = { tenantId: newId("ten", now, random), projectId: newId("prj", now, random) };
  const key = { scopes: SCOPES, expiresAt: null, rateLimit: null };
  const live = await mintKey(deps, { ...key, name: "First live key", mode: "live" });
  const test = await mintKey(deps, { ...key, name: "First test key", mode: "test" });
  const empty = await deps.sealer.seal({});
  await commit(control, [
    ...insertTenant(control, scope, {
      name: input.name,
      limits: { ...DEFAULT_LIMITS, ...input.limits },
      settings: DEFAULT_PROJECT,
      dbShards: deps.shards.map((_, i) => i),
      gateShards: input.gateShards ?? 1,
      now,
    }),
    keysOf(control, scope).insert(live.row),
    keysOf(control, scope).insert(test.row),
    ...(input.sandbox ? CHANNELS : []).map((channel) =>
      connectionsOf(control, scope).insert({
        id: newId("con", now, random),
        channel,
        provider: "sandbox",
        name: `Sandbox ${channel}`,
        priority: 1000,
        enabled: true,
        settings: "{}",
        credentials: empty.jwe,
        credentialsKeyId: empty.keyId,
        verifiedAt: now,
        createdAt: now,
        updatedAt: now,
      }),
    ),
    auditRow(
      control,
      { ...scope, name: "operator", requestId: input.requestId },
      { id: newId("aud", now, random), at: now, action: "tenant.created", target: scope.tenantId, details: { name: input.name } },
    ),
  ]);
  return { ...scope, liveKey: live.secret, testKey: test.secret };
}
