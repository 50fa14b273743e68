/** A new key with the rights of an old one, which goes on for `overlapSeconds`. */
import { Fault } from "../core/faults.ts";
import type { Grantor } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import type { Caller, Scope } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ApiKeyRow, keysOf } from "../db/control/keys.ts";
import { mintKey, mustGrant, type NewKey } from "./create-key.ts";
import type { Actor, Deps } from "./deps.ts";
import { revokeKey } from "./revoke-key.ts";

export async function rotateKey(
  deps: Pick<Deps, "control" | "gate" | "now" | "random">,
  actor: Actor,
  grantor: Grantor & Pick<Caller, "gateShards">,
  id: string,
  overlapSeconds: number,
): Promise<{ secret: string; row: ApiKeyRow }> {
  const keys = keysOf(deps.control, actor);
  const old = await keys.get(id);
  if (!old) throw new Fault("not_found");
  if (old.revokedAt !== null) throw new Fault("conflict", { detail: "A revoked key cannot be rotated." });
  const scopes = JSON.parse(old.scopes) as Scope[];
  mustGrant(grantor, { mode: old.mode, scopes });
  const now = deps.now();
  const { secret, row } = await mintKey(deps, {
    name: old.name,
    mode: old.mode,
    scopes,
    expiresAt: old.expiresAt,
    rateLimit: old.rateLimit === null ? null : (JSON.parse(old.rateLimit) as NewKey["rateLimit"]),
  });
  const end = now + overlapSeconds * 1000;
  await commit(deps.control, [
    keys.insert(row),
    ...(overlapSeconds > 0 && (old.expiresAt === null || old.expiresAt > end) ? [keys.setExpiry(id, end)] : []),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "key.rotated",
      target: id,
      details: { new_key_id: row.id, overlap_seconds: overlapSeconds },
    }),
  ]);
  if (overlapSeconds === 0) await revokeKey(deps, actor, grantor, id);
  return { secret, row: { ...row, tenantId: actor.tenantId, projectId: actor.projectId } };
}
