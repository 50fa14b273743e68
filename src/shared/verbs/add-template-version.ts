/** Adds a version to a template. Versions count up from 1 and never change. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import type { Content } from "../core/message.ts";
import { commit, isUniqueViolation } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type TemplateRow, type TemplateVersionRow, templatesOf } from "../db/control/templates.ts";
import { checkContent } from "./check-content.ts";
import type { Actor, Deps } from "./deps.ts";
import { findLiveTemplate } from "./find-template.ts";
import { forgetTemplate } from "./resolve-template.ts";

/** Each round that loses, another writer has won: so many at once would be a surprise. */
const MAX_ROUNDS = 20;

export async function addTemplateVersion(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  ref: string,
  input: { readonly content: Content; readonly publish: boolean },
): Promise<{ row: TemplateRow; version: TemplateVersionRow }> {
  checkContent(input.content);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const row = await findLiveTemplate(deps, actor, ref);
    const added = await tryAdd(deps, actor, row, input);
    if (added !== null) return added;
  }
  throw new Fault("unavailable", { detail: "Too many versions are being added at once.", retryAfterSeconds: 1 });
}

/** Null where another writer took the number: the primary key of versions decides who was first. */
async function tryAdd(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  row: TemplateRow,
  { content, publish }: { readonly content: Content; readonly publish: boolean },
): Promise<{ row: TemplateRow; version: TemplateVersionRow } | null> {
  const now = deps.now();
  const templates = templatesOf(deps.control, actor);
  const version: TemplateVersionRow = {
    tenantId: actor.tenantId,
    templateId: row.id,
    version: row.latestVersion + 1,
    content: JSON.stringify(content),
    createdAt: now,
    createdBy: actor.name,
  };
  const change = { latestVersion: version.version, updatedAt: now, ...(publish ? { publishedVersion: version.version } : {}) };
  try {
    await commit(deps.control, [
      templates.insertVersion(version),
      templates.update(row.id, change),
      auditRow(deps.control, actor, {
        id: newId("aud", now, deps.random),
        at: now,
        action: "template.version_added",
        target: row.id,
        details: { version: version.version, published: publish },
      }),
    ]);
  } catch (error) {
    if (isUniqueViolation(error)) return null;
    throw error;
  }
  forgetTemplate(actor, row);
  return { row: { ...row, ...change }, version };
}
