import { z } from "zod";
import { page, pageOf, pageQuery } from "../../../../src/shared/contract/common.ts";
import { projectShape } from "../../../../src/shared/contract/projects.ts";
import { projectsOf } from "../../../../src/shared/db/control/projects.ts";
import { route } from "../../route.ts";
import { projectView } from "./view.ts";

export const listProjectsRoute = route({
  method: "GET",
  path: "/v1/projects",
  operationId: "listProjects",
  tag: "projects",
  summary: "List the projects of this tenant, newest first",
  description: "All of the tenant's projects, whichever of them the key belongs to.",
  auth: "projects:read",
  tenantWide: true,
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of projects.", body: pageOf(projectShape) } },
  handle: async ({ deps, caller, query }) => {
    const rows = await projectsOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, projectView) };
  },
});
