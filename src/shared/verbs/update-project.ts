/** Renames a project, or changes how its messages are handled. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ProjectChange, type ProjectRow, projectsOf } from "../db/control/projects.ts";
import { announceConnections } from "./announce-connections.ts";
import { forgetCallers } from "./authenticate.ts";
import type { Actor, Deps } from "./deps.ts";

/** This isolate sees the change at once. Sends elsewhere within 30 s, deliveries elsewhere within ten. */
export async function updateProject(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  id: string,
  change: ProjectChange,
): Promise<ProjectRow> {
  const projects = projectsOf(deps.control, actor);
  const row = await projects.get(id);
  if (!row) throw new Fault("not_found");
  const settings = change.settings ?? {};
  if (change.name === undefined && Object.keys(settings).length === 0) return row;
  const now = deps.now();
  await commit(deps.control, [
    projects.update(id, change),
    auditRow(
      deps.control,
      { ...actor, projectId: id },
      { id: newId("aud", now, deps.random), at: now, action: "project.updated", target: id, details: { ...change } },
    ),
  ]);
  forgetCallers(actor.tenantId);
  if (Object.keys(settings).length > 0) await announceConnections(deps, { tenantId: actor.tenantId, projectId: id });
  return (await projects.get(id)) ?? row;
}
