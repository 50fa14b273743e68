/** Says which version sends use from now on: forwards, or back. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type TemplateRow, templatesOf } from "../db/control/templates.ts";
import type { Actor, Deps } from "./deps.ts";
import { findLiveTemplate } from "./find-template.ts";
import { forgetTemplate } from "./resolve-template.ts";

type PublishDeps = Pick<Deps, "control" | "now" | "random">;

export async function publishTemplate(deps: PublishDeps, actor: Actor, ref: string, version: number): Promise<TemplateRow> {
  return setPublished(deps, actor, await findLiveTemplate(deps, actor, ref), version, "template.published");
}

/** To `version`, or to the one before what is published now. */
export async function rollbackTemplate(deps: PublishDeps, actor: Actor, ref: string, version?: number): Promise<TemplateRow> {
  const row = await findLiveTemplate(deps, actor, ref);
  const target = version ?? (row.publishedVersion ?? 0) - 1;
  if (target < 1) throw new Fault("conflict", { detail: "There is no version before the published one." });
  return setPublished(deps, actor, row, target, "template.rolled_back");
}

async function setPublished(
  deps: PublishDeps,
  actor: Actor,
  row: TemplateRow,
  version: number,
  action: string,
): Promise<TemplateRow> {
  if (version > row.latestVersion) {
    throw new Fault("validation_failed", {
      errors: [{ path: "version", message: `There is no such version; the latest is ${row.latestVersion}.` }],
    });
  }
  if (row.publishedVersion === version) return row;
  const now = deps.now();
  const change = { publishedVersion: version, updatedAt: now };
  await commit(deps.control, [
    templatesOf(deps.control, actor).update(row.id, change),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action,
      target: row.id,
      details: { version, before: row.publishedVersion },
    }),
  ]);
  forgetTemplate(actor, row);
  return { ...row, ...change };
}
