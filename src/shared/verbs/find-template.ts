/** The template that a path or a body names. */
import { Fault } from "../core/faults.ts";
import { parseTemplateRef } from "../core/template-ref.ts";
import { type TemplateRow, templatesOf } from "../db/control/templates.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

/** With the version that the reference names, or null where it names none. Archived ones are found by their id. */
export async function findTemplate(
  deps: Pick<Deps, "control">,
  scope: ProjectScope,
  ref: string,
): Promise<{ row: TemplateRow; version: number | null }> {
  const parsed = parseTemplateRef(ref);
  const row = parsed === null ? undefined : await templatesOf(deps.control, scope).find(parsed.by);
  if (parsed === null || row === undefined) throw new Fault("not_found");
  return { row, version: parsed.version };
}

/** For changes: no version may be named, and what is archived stays as it is. */
export async function findLiveTemplate(deps: Pick<Deps, "control">, scope: ProjectScope, ref: string): Promise<TemplateRow> {
  const { row, version } = await findTemplate(deps, scope, ref);
  if (version !== null) throw new Fault("not_found", { detail: "Name the template without a version." });
  if (row.archivedAt !== null) throw new Fault("conflict", { detail: "This template is archived." });
  return row;
}
