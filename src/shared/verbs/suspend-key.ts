/** Suspends a key, at once and everywhere, until somebody resumes it. What was accepted before is still sent. */
import { Fault } from "../core/faults.ts";
import type { Grantor } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { type AuditActor, auditRowIf } from "../db/control/audit.ts";
import { type ApiKeyRow, keysOf, tenantKeys } from "../db/control/keys.ts";
import { insertNotice, pruneNotices } from "../db/control/notices.ts";
import { tenantOf } from "../db/control/tenants.ts";
import { mustGrant } from "./create-key.ts";
import type { Actor, Deps } from "./deps.ts";

type SuspendDeps = Pick<Deps, "control" | "gate" | "now" | "random" | "log">;

/** `by_hand`: a key of the tenant asked for it; `operator`: only the operator may resume it. */
export type SuspensionReason = "rate_spike" | "failure_spike" | "by_hand" | "operator";

export interface Suspending {
  readonly reason: SuspensionReason;
  /** For the notice and the audit log: plain facts. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A key of the caller's own project. */
export async function suspendOwnKey(deps: SuspendDeps, actor: Actor, grantor: Grantor, id: string): Promise<ApiKeyRow> {
  const row = await keysOf(deps.control, actor).get(id);
  if (!row) throw new Fault("not_found");
  mustGrant(grantor, { mode: row.mode, scopes: [] });
  return suspendKey(deps, actor, row, { reason: "by_hand", facts: { by: actor.name } });
}

/** Any key of a tenant, by the operator. */
export async function suspendAnyKey(deps: SuspendDeps, actor: Omit<AuditActor, "projectId">, id: string): Promise<ApiKeyRow> {
  const row = await tenantKeys(deps.control, actor).get(id);
  if (!row) throw new Fault("not_found");
  return suspendKey(deps, actor, row, { reason: "operator", facts: {} });
}

/**
 * The row first, with its audit row and notice, then every gate. However many ask at the same time, one suspends. A
 * gate that cannot be told fails the call, and a repeat tells it again, also for a key that is suspended.
 */
export async function suspendKey(
  deps: SuspendDeps,
  actor: Omit<AuditActor, "projectId">,
  key: Pick<ApiKeyRow, "id" | "projectId">,
  { reason, facts }: Suspending,
): Promise<ApiKeyRow> {
  const { control, random } = deps;
  const now = deps.now();
  const { tenantId } = actor;
  const keys = tenantKeys(control, actor);
  const details = { reason, ...facts };
  const onlyOnce = keys.isInUse(key.id);
  const results = await commit(control, [
    auditRowIf(
      control,
      { ...actor, projectId: key.projectId },
      { id: newId("aud", now, random), at: now, action: "key.suspended", target: key.id, details },
      onlyOnce,
    ),
    insertNotice(
      control,
      { tenantId, projectId: key.projectId, type: "key.suspended", subject: key.id, details, at: now },
      random,
      onlyOnce,
    ),
    pruneNotices(control, tenantId, now),
    keys.suspend(key.id, now, reason),
  ]);
  if (results.at(-1)?.meta.changes === 1) {
    deps.log({ level: "warn", event: "key_suspended", tenant_id: tenantId, key_id: key.id, ...details });
  }
  const row = await keys.get(key.id);
  if (!row) throw new Fault("not_found");
  if (row.suspendedAt === null) throw new Fault("conflict", { detail: "The key is revoked, or was resumed meanwhile." });
  const at = row.suspendedAt;
  await tellGates(deps, tenantId, (gate) => gate.suspend(key.id, at));
  return row;
}

/** Tells every gate of the tenant, as many as there are now. */
export async function tellGates(
  deps: Pick<Deps, "control" | "gate">,
  tenantId: string,
  tell: (gate: ReturnType<Deps["gate"]>) => Promise<void>,
): Promise<void> {
  const { gateShards = 1 } = (await tenantOf(deps.control, { tenantId }).get()) ?? {};
  await Promise.all(Array.from({ length: gateShards }, (_, shard) => tell(deps.gate(tenantId, shard))));
}
