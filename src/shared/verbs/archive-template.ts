/** Takes a template out of use. What was accepted with it is still sent, and its name is free again. */
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { archivedName, type TemplateRow, templatesOf } from "../db/control/templates.ts";
import type { Actor, Deps } from "./deps.ts";
import { findTemplate } from "./find-template.ts";
import { forgetTemplate } from "./resolve-template.ts";

/** By its id, a repeat changes nothing. */
export async function archiveTemplate(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  ref: string,
): Promise<TemplateRow> {
  const { row } = await findTemplate(deps, actor, ref);
  if (row.archivedAt !== null) return row;
  const now = deps.now();
  await commit(deps.control, [
    templatesOf(deps.control, actor).archive(row, now),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "template.archived",
      target: row.id,
      details: { name: row.name },
    }),
  ]);
  forgetTemplate(actor, row);
  return { ...row, name: archivedName(row), archivedAt: now, updatedAt: now };
}
