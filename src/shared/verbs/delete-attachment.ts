/** Deletes a file. A message that still has to be sent with it fails, and says why. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { attachmentKey } from "../core/placement.ts";
import { commit } from "../db/commit.ts";
import { attachmentsOf } from "../db/control/attachments.ts";
import { auditRow } from "../db/control/audit.ts";
import type { Actor, Deps } from "./deps.ts";

/** The row first: without it nobody finds the object, also if its deletion has to be repeated. */
export async function deleteAttachment(
  deps: Pick<Deps, "control" | "files" | "now" | "random">,
  actor: Actor,
  id: string,
): Promise<void> {
  const attachments = attachmentsOf(deps.control, actor);
  const row = await attachments.get(id);
  if (!row) throw new Fault("not_found");
  const now = deps.now();
  await commit(deps.control, [
    attachments.remove(id),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "attachment.deleted",
      target: id,
      details: { filename: row.filename, size_bytes: row.sizeBytes },
    }),
  ]);
  await deps.files.delete(attachmentKey(actor.tenantId, id));
}
