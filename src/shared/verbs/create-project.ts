/** A further project of a tenant, with its first keys. */
import type { Grantor } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { mustGrant } from "./create-key.ts";
import type { Actor, Deps } from "./deps.ts";
import { type NewProject, type ProjectStart, startProject } from "./first-project.ts";

export async function createProject(
  deps: Pick<Deps, "control" | "now" | "random" | "sealer" | "webhookSealer">,
  actor: Actor,
  grantor: Grantor,
  input: Omit<NewProject, "scopes">,
): Promise<Omit<ProjectStart, "writes">> {
  mustGrant(grantor, { mode: "live", scopes: [] });
  const { writes, ...made } = await startProject(deps, actor.tenantId, { ...input, scopes: grantor.scopes });
  const { id, name, createdAt } = made.row;
  await commit(deps.control, [
    ...writes,
    auditRow(
      deps.control,
      { ...actor, projectId: id },
      { id: newId("aud", createdAt, deps.random), at: createdAt, action: "project.created", target: id, details: { name } },
    ),
  ]);
  return made;
}
