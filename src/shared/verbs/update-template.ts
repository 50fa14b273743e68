/** Changes what a template says about itself. Its content changes by a new version only. */
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type TemplateRow, templatesOf } from "../db/control/templates.ts";
import type { Actor, Deps } from "./deps.ts";
import { findLiveTemplate } from "./find-template.ts";

export async function updateTemplate(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  ref: string,
  description: string,
): Promise<TemplateRow> {
  const row = await findLiveTemplate(deps, actor, ref);
  const now = deps.now();
  const change = { description, updatedAt: now };
  await commit(deps.control, [
    templatesOf(deps.control, actor).update(row.id, change),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "template.updated",
      target: row.id,
      details: { description },
    }),
  ]);
  return { ...row, ...change };
}
