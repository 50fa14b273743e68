import { projectId, projectShape } from "../../../../src/shared/contract/projects.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { projectsOf } from "../../../../src/shared/db/control/projects.ts";
import { route } from "../../route.ts";
import { projectView } from "./view.ts";

export const getProjectRoute = route({
  method: "GET",
  path: "/v1/projects/{id}",
  operationId: "getProject",
  tag: "projects",
  summary: "Read a project and its settings",
  auth: "projects:read",
  tenantWide: true,
  params: projectId,
  responses: { 200: { description: "The project.", body: projectShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const row = await projectsOf(deps.control, caller).get(params.id);
    if (!row) throw new Fault("not_found");
    return { status: 200, body: projectView(row) };
  },
});
