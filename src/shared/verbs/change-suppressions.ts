/** The list as people change it: each change with its audit row. For a tenant, or for everybody. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import type { Suppression, SuppressionPlace } from "../core/suppression.ts";
import { commit } from "../db/commit.ts";
import { type AuditActor, auditRow, auditRowIf } from "../db/control/audit.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { Deps } from "./deps.ts";

type ChangeDeps = Pick<Deps, "control" | "now" | "random">;
export type NewSuppression = Omit<Suppression, "source" | "projectId" | "messageId" | "createdAt"> & {
  readonly createdAt?: number;
};

/** The row as it stands now, which may be one that was there and weighs more. */
export async function addSuppression(deps: ChangeDeps, actor: AuditActor, asked: NewSuppression): Promise<Suppression> {
  const list = suppressionsOf(deps.control, actor);
  const row = rowOf(deps, actor, asked);
  await commit(deps.control, [
    list.add([row], deps.now()),
    auditOf(deps, actor, "suppression.added", nameOf(row), { reason: row.reason, expires_at: row.expiresAt }),
  ]);
  const kept = await list.get(row);
  if (!kept) throw new Error("a suppression that was just written is gone");
  return kept;
}

/** Many at once, in one commit. `lines`: where they stood in the file, for the audit log. */
export async function addSuppressions(
  deps: ChangeDeps,
  actor: AuditActor,
  asked: readonly NewSuppression[],
  lines: { readonly from: number; readonly to: number },
): Promise<void> {
  const rows = asked.map((one) => rowOf(deps, actor, one));
  await commit(deps.control, [
    suppressionsOf(deps.control, actor).add(rows, deps.now()),
    auditOf(deps, actor, "suppressions.imported", "suppressions", {
      rows: rows.length,
      from_line: lines.from,
      to_line: lines.to,
    }),
  ]);
}

/** Refuses what is not on the list. */
export async function removeSuppression(deps: ChangeDeps, actor: AuditActor, place: SuppressionPlace): Promise<void> {
  const isThere = {
    sql: "EXISTS (SELECT 1 FROM suppressions WHERE tenant_id = ? AND channel = ? AND destination = ?)",
    params: [actor.tenantId, place.channel, place.destination],
  };
  const now = deps.now();
  const entry = { id: newId("aud", now, deps.random), at: now, action: "suppression.removed", target: nameOf(place) };
  const [, removed] = await commit(deps.control, [
    auditRowIf(deps.control, actor, entry, isThere),
    suppressionsOf(deps.control, actor).remove(place),
  ]);
  if ((removed?.results.length ?? 0) === 0) throw new Fault("not_found");
}

function rowOf(deps: ChangeDeps, actor: AuditActor, asked: NewSuppression): Suppression {
  const now = deps.now();
  return {
    ...asked,
    source: actor.name,
    projectId: actor.projectId,
    messageId: null,
    createdAt: Math.min(asked.createdAt ?? now, now),
  };
}

function auditOf(
  deps: ChangeDeps,
  actor: AuditActor,
  action: string,
  target: string,
  details: Readonly<Record<string, unknown>>,
) {
  const now = deps.now();
  return auditRow(deps.control, actor, { id: newId("aud", now, deps.random), at: now, action, target, details });
}

function nameOf({ channel, destination }: SuppressionPlace): string {
  return `${channel}:${destination}`;
}
