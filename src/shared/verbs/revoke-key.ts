/** Revokes a key, at once and everywhere. */
import { Fault } from "../core/faults.ts";
import type { Grantor } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import type { Caller } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ApiKeyRow, keysOf } from "../db/control/keys.ts";
import { mustGrant } from "./create-key.ts";
import type { Actor, Deps } from "./deps.ts";

/**
 * The row first, then every gate of the tenant: routes other than send read the row, send asks the gate.
 * A gate that cannot be told fails the call, and a repeat tells it again, also for a key that is revoked.
 */
export async function revokeKey(
  deps: Pick<Deps, "control" | "gate" | "now" | "random">,
  actor: Actor,
  grantor: Grantor & Pick<Caller, "gateShards">,
  id: string,
): Promise<ApiKeyRow> {
  const keys = keysOf(deps.control, actor);
  const row = await keys.get(id);
  if (!row) throw new Fault("not_found");
  mustGrant(grantor, { mode: row.mode, scopes: [] });
  const now = deps.now();
  if (row.revokedAt === null) {
    await commit(deps.control, [
      keys.revoke(id, now),
      auditRow(deps.control, actor, { id: newId("aud", now, deps.random), at: now, action: "key.revoked", target: id }),
    ]);
  }
  await Promise.all(Array.from({ length: grantor.gateShards }, (_, shard) => deps.gate(actor.tenantId, shard).revoke(id)));
  return { ...row, revokedAt: row.revokedAt ?? now };
}
