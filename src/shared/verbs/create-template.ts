/** Makes a template with its first version. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import type { Content } from "../core/message.ts";
import { commit, isUniqueViolation } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type TemplateRow, templatesOf } from "../db/control/templates.ts";
import { checkContent } from "./check-content.ts";
import type { Actor, Deps } from "./deps.ts";
import { forgetTemplate } from "./resolve-template.ts";

export async function createTemplate(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  input: { readonly name: string; readonly description: string; readonly content: Content; readonly publish: boolean },
): Promise<TemplateRow> {
  checkContent(input.content);
  const now = deps.now();
  const templates = templatesOf(deps.control, actor);
  const row: TemplateRow = {
    id: newId("tpl", now, deps.random),
    tenantId: actor.tenantId,
    projectId: actor.projectId,
    name: input.name,
    description: input.description,
    publishedVersion: input.publish ? 1 : null,
    latestVersion: 1,
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  };
  try {
    await commit(deps.control, [
      templates.insert(row),
      templates.insertVersion({
        templateId: row.id,
        version: 1,
        content: JSON.stringify(input.content),
        createdAt: now,
        createdBy: actor.name,
      }),
      auditRow(deps.control, actor, {
        id: newId("aud", now, deps.random),
        at: now,
        action: "template.created",
        target: row.id,
        details: { name: row.name, published: input.publish },
      }),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) throw new Fault("already_exists", { detail: "The project has a template of this name." });
    throw error;
  }
  forgetTemplate(actor, row);
  return row;
}
