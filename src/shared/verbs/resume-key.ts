/** Lets a suspended key work again, everywhere. */
import { Fault } from "../core/faults.ts";
import type { Grantor } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { type AuditActor, auditRowIf } from "../db/control/audit.ts";
import { type ApiKeyRow, tenantKeys } from "../db/control/keys.ts";
import { mustGrant } from "./create-key.ts";
import type { Deps } from "./deps.ts";
import { tellGates } from "./suspend-key.ts";

/**
 * By any key of the tenant that may write keys, or by the operator (`grantor` null). The key is watched from here on as
 * if it were new. Repeating the call changes nothing, and tells again a gate that could not be told.
 */
export async function resumeKey(
  deps: Pick<Deps, "control" | "gate" | "now" | "random">,
  actor: Omit<AuditActor, "projectId">,
  grantor: Grantor | null,
  id: string,
): Promise<ApiKeyRow> {
  const { control, random } = deps;
  const keys = tenantKeys(control, actor);
  const row = await keys.get(id);
  if (!row) throw new Fault("not_found");
  if (grantor !== null) {
    mustGrant(grantor, { mode: row.mode, scopes: [] });
    if (row.suspendedReason === "operator") {
      throw new Fault("forbidden", { detail: "The operator of this deployment suspended the key, and can resume it." });
    }
  }
  if (row.revokedAt !== null) throw new Fault("conflict", { detail: "A revoked key cannot be resumed." });
  // Later than the suspension, whatever the clocks say: gates go by it.
  const now = Math.max(deps.now(), (row.suspendedAt ?? 0) + 1);
  await commit(control, [
    auditRowIf(
      control,
      { ...actor, projectId: row.projectId },
      { id: newId("aud", now, random), at: now, action: "key.resumed", target: id, details: { was: row.suspendedReason } },
      keys.isSuspended(id),
    ),
    keys.resume(id),
  ]);
  await tellGates(deps, actor.tenantId, (gate) => gate.resume(id, now));
  return { ...row, suspendedAt: null, suspendedReason: null };
}
